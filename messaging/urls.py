"""Addresses below `/api/v1/`."""

from django.urls import include, path

from common.viewsets import Router
from messaging.api.conversations import ConversationViewSet
from messaging.api.invites import InviteLinkViewSet
from messaging.api.marks import MarkViewSet
from messaging.api.messages import ConversationMessageViewSet, MessageViewSet
from messaging.api.notifications import NotificationViewSet
from messaging.api.pins import PinViewSet
from messaging.api.reactions import ReactionViewSet
from messaging.api.reports import NewReportViewSet
from messaging.api.search import SearchViewSet
from messaging.api.sync import SyncViewSet
from messaging.api.typing import TypingViewSet

router = Router()
router.register("conversations", ConversationViewSet)
router.register("conversations", TypingViewSet)
router.register("conversations/<uuid:id>/messages", ConversationMessageViewSet)
router.register("messages", MessageViewSet)
router.register("messages", SearchViewSet)
router.register("messages/<uuid:id>/reactions", ReactionViewSet)
router.register("invites", InviteLinkViewSet)
router.register("notifications", NotificationViewSet)
# Nouns with addresses below several others: their actions have the whole path.
router.register("", MarkViewSet)
router.register("", PinViewSet)
router.register("", NewReportViewSet)
router.register("", SyncViewSet)

urlpatterns = [*router.urls, path("moderation/", include("messaging.moderation.api.urls"))]
