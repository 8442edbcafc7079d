"""Addresses below `/api/v1/`."""

from common.viewsets import Router
from media.api.avatars import AvatarViewSet, ConversationAvatarViewSet, OwnAvatarViewSet
from media.api.links import LinkViewSet
from media.api.uploads import NewUploadViewSet, SharedFileViewSet, UploadViewSet

router = Router()
router.register("media/links", LinkViewSet)
router.register("media", NewUploadViewSet)
router.register("media", UploadViewSet)
router.register("conversations/<uuid:id>/media", SharedFileViewSet)
router.register("conversations", ConversationAvatarViewSet)
router.register("users", OwnAvatarViewSet)
router.register("users", AvatarViewSet)

urlpatterns = router.urls
