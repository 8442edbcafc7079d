from django.urls import include, path

from messaging.api.conversations import ConversationsView, ConversationView, DiscoverView, JoinView
from messaging.api.invites import AcceptView
from messaging.api.messages import MessagesView, MessageView
from messaging.api.notifications import MentionsView, NotificationsView
from messaging.api.reactions import PinsView, PinView, ReactionView, ReportMessageView, ReportPersonView
from messaging.api.search import SearchView
from messaging.api.sync import DeliveredView, LogView, ReadView, SyncView, UnreadView
from messaging.api.threads import HistoryView, MessageReadView, ReceiptsView, RepliesView
from messaging.api.typing import TypingView

urlpatterns = [
    path("conversations/", ConversationsView.as_view()),
    path("conversations/discover/", DiscoverView.as_view()),
    path("conversations/<uuid:id>/", ConversationView.as_view()),
    path("conversations/<uuid:id>/join/", JoinView.as_view()),
    path("conversations/<uuid:id>/messages/", MessagesView.as_view()),
    path("conversations/<uuid:id>/log/", LogView.as_view()),
    path("conversations/<uuid:id>/read/", ReadView.as_view()),
    path("conversations/<uuid:id>/delivered/", DeliveredView.as_view()),
    path("conversations/<uuid:id>/typing/", TypingView.as_view()),
    path("conversations/<uuid:id>/pins/", PinsView.as_view()),
    path("invites/<str:token>/accept/", AcceptView.as_view()),
    path("messages/search/", SearchView.as_view()),
    path("messages/unread/", UnreadView.as_view()),
    path("messages/<uuid:id>/", MessageView.as_view()),
    path("messages/<uuid:id>/history/", HistoryView.as_view()),
    path("messages/<uuid:id>/receipts/", ReceiptsView.as_view()),
    path("messages/<uuid:id>/replies/", RepliesView.as_view()),
    path("messages/<uuid:id>/read/", MessageReadView.as_view()),
    path("messages/<uuid:id>/reactions/<str:emoji>/", ReactionView.as_view()),
    path("messages/<uuid:id>/pin/", PinView.as_view()),
    path("messages/<uuid:id>/report/", ReportMessageView.as_view()),
    path("moderation/", include("messaging.api.moderation.urls")),
    path("notifications/", NotificationsView.as_view()),
    path("notifications/mentions/", MentionsView.as_view()),
    path("users/<uuid:id>/report/", ReportPersonView.as_view()),
    path("sync/", SyncView.as_view()),
]
