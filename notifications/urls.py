"""Addresses below `/api/v1/`."""

from common.viewsets import Router
from notifications.api import NoticeViewSet, PreferencesViewSet, PushViewSet

router = Router()
router.register("notifications", NoticeViewSet)
router.register("notifications", PreferencesViewSet)
router.register("notifications", PushViewSet)

urlpatterns = router.urls
