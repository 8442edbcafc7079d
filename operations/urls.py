"""Addresses below `/api/v1/`."""

from common.viewsets import Router
from operations.backups.api import BackupViewSet
from operations.personal_export.api import ExportViewSet
from operations.status import StatusViewSet

router = Router()
router.register("backups", BackupViewSet)
router.register("status", StatusViewSet)
router.register("users/me/export", ExportViewSet)

urlpatterns = router.urls
