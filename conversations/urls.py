"""Addresses below `/api/v1/`."""

from common.viewsets import Router
from conversations.api.bans import BanViewSet
from conversations.api.invites import InviteViewSet
from conversations.api.members import MemberViewSet
from conversations.api.users import UserViewSet

router = Router()
router.register("users", UserViewSet)
router.register("conversations/<uuid:id>/bans", BanViewSet)
router.register("conversations/<uuid:id>/invites", InviteViewSet)
router.register("conversations/<uuid:id>/members", MemberViewSet)

urlpatterns = router.urls
