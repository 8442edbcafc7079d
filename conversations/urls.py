from django.urls import path

from conversations.api.members import MembersView, MemberView
from conversations.api.people import OnlineView, PeopleView, PersonView

urlpatterns = [
    path("users/", PeopleView.as_view()),
    path("users/online/", OnlineView.as_view()),
    path("users/<uuid:id>/", PersonView.as_view()),
    path("conversations/<uuid:id>/members/", MembersView.as_view()),
    path("conversations/<uuid:id>/members/<str:user>/", MemberView.as_view()),
]
