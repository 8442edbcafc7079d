from django.urls import path

from messaging.api.conversations import ConversationsView, ConversationView, DiscoverView, JoinView
from messaging.api.messages import MessagesView, MessageView
from messaging.api.sync import DeliveredView, LogView, ReadView, SyncView, UnreadView

urlpatterns = [
    path("conversations/", ConversationsView.as_view()),
    path("conversations/discover/", DiscoverView.as_view()),
    path("conversations/<uuid:id>/", ConversationView.as_view()),
    path("conversations/<uuid:id>/join/", JoinView.as_view()),
    path("conversations/<uuid:id>/messages/", MessagesView.as_view()),
    path("conversations/<uuid:id>/log/", LogView.as_view()),
    path("conversations/<uuid:id>/read/", ReadView.as_view()),
    path("conversations/<uuid:id>/delivered/", DeliveredView.as_view()),
    path("messages/unread/", UnreadView.as_view()),
    path("messages/<uuid:id>/", MessageView.as_view()),
    path("sync/", SyncView.as_view()),
]
