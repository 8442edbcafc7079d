"""Addresses below `/api/v1/`."""

from common.viewsets import Router
from encryption.api.backups import KeyBackupViewSet
from encryption.api.directory import KeyDeviceViewSet, PublicKeyViewSet
from encryption.api.managed import ManagedKeyViewSet
from encryption.api.prekeys import PrekeyViewSet
from encryption.api.rosters import RosterViewSet

router = Router()
router.register("encryption", KeyBackupViewSet)
router.register("encryption", PublicKeyViewSet)
router.register("encryption/devices", KeyDeviceViewSet)
router.register("encryption/managed", ManagedKeyViewSet)
router.register("encryption/prekeys", PrekeyViewSet)
router.register("encryption/roster", RosterViewSet)

urlpatterns = router.urls
