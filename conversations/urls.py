from django.urls import path

from conversations.api.bans import BansView, BanView
from conversations.api.invites import InvitesView, InviteView
from conversations.api.members import MembersView, MemberView
from conversations.api.people import OnlineView, PeopleView, PersonView

urlpatterns = [
    path("users/", PeopleView.as_view()),
    path("users/online/", OnlineView.as_view()),
    path("users/<uuid:id>/", PersonView.as_view()),
    path("conversations/<uuid:id>/bans/", BansView.as_view()),
    path("conversations/<uuid:id>/bans/<uuid:user_id>/", BanView.as_view()),
    path("conversations/<uuid:id>/invites/", InvitesView.as_view()),
    path("conversations/<uuid:id>/invites/<str:token>/", InviteView.as_view()),
    path("conversations/<uuid:id>/members/", MembersView.as_view()),
    path("conversations/<uuid:id>/members/<str:user>/", MemberView.as_view()),
]
