from django.urls import path

from notifications.api import CountView, NoticeReadView, PreferencesView, PushView, ReadAllView

urlpatterns = [
    path("notifications/count/", CountView.as_view()),
    path("notifications/read-all/", ReadAllView.as_view()),
    path("notifications/preferences/", PreferencesView.as_view()),
    path("notifications/push/", PushView.as_view()),
    path("notifications/<uuid:id>/read/", NoticeReadView.as_view()),
]
