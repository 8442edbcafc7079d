"""Addresses below `/api/v1/`."""

from accounts.api.blocks import BlockViewSet
from accounts.api.devices import DeviceViewSet
from accounts.api.emails import EmailViewSet
from accounts.api.passwords import PasswordViewSet
from accounts.api.profile import ProfileViewSet
from accounts.api.registration import RegistrationViewSet
from accounts.api.sessions import SessionViewSet
from accounts.api.sign_in import SignInViewSet
from common.viewsets import Router

router = Router()
router.register("auth", RegistrationViewSet)
router.register("auth", SignInViewSet)
router.register("auth/sessions", SessionViewSet)
router.register("auth/password", PasswordViewSet)
router.register("auth/email", EmailViewSet)
router.register("users", ProfileViewSet)
router.register("users", BlockViewSet)
router.register("users/me/devices", DeviceViewSet)

urlpatterns = router.urls
