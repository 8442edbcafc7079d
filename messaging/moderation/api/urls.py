"""URLs below `/api/v1/moderation/`."""

from common.viewsets import Router
from messaging.moderation.api.conversations import ModeratedConversationViewSet
from messaging.moderation.api.filters import FilterViewSet
from messaging.moderation.api.reports import ReportViewSet
from messaging.moderation.api.users import ModeratedUserViewSet

router = Router()
router.register("reports", ReportViewSet)
router.register("filters", FilterViewSet)
router.register("people", ModeratedUserViewSet)
router.register("conversations", ModeratedConversationViewSet)

urlpatterns = router.urls
