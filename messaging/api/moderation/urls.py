from django.urls import path

from messaging.api.moderation.conversations import ModeratedConversationView
from messaging.api.moderation.filters import FiltersView, FilterView, PreviewView, TrialView
from messaging.api.moderation.people import EndSessionsView, ResendCodeView, RestoreView, SuspendView
from messaging.api.moderation.reports import CaseView, DecideView, OpenView, QueueView

urlpatterns = [
    path("reports/", QueueView.as_view()),
    path("reports/<uuid:id>/", CaseView.as_view()),
    path("reports/<uuid:id>/open/", OpenView.as_view()),
    path("reports/<uuid:id>/decide/", DecideView.as_view()),
    path("filters/", FiltersView.as_view()),
    path("filters/test/", TrialView.as_view()),
    path("filters/preview/", PreviewView.as_view()),
    path("filters/<uuid:id>/", FilterView.as_view()),
    path("people/<uuid:id>/suspend/", SuspendView.as_view()),
    path("people/<uuid:id>/restore/", RestoreView.as_view()),
    path("people/<uuid:id>/end-sessions/", EndSessionsView.as_view()),
    path("people/<uuid:id>/resend-code/", ResendCodeView.as_view()),
    path("conversations/<uuid:id>/", ModeratedConversationView.as_view()),
]
