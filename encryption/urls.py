from django.urls import path

from encryption.api.backups import BackupView
from encryption.api.directory import (
    KeyDevicesView,
    KeyDeviceView,
    KeyLogView,
    OwnPublicKeyView,
    PublicKeyView,
)
from encryption.api.managed import ManagedDecryptView, ManagedEncryptView, ManagedKeysView, ManagedPublicKeyView
from encryption.api.prekeys import PrekeyClaimView, PrekeysView
from encryption.api.rosters import RosterView

urlpatterns = [
    path("encryption/devices/", KeyDevicesView.as_view()),
    path("encryption/devices/<uuid:device_id>/", KeyDeviceView.as_view()),
    path("encryption/public-key/", OwnPublicKeyView.as_view()),
    path("encryption/public-key/<uuid:user_id>/", PublicKeyView.as_view()),
    path("encryption/key-log/<uuid:user_id>/", KeyLogView.as_view()),
    path("encryption/roster/<uuid:conversation_id>/", RosterView.as_view()),
    path("encryption/prekeys/", PrekeysView.as_view()),
    path("encryption/prekeys/claim/", PrekeyClaimView.as_view()),
    path("encryption/backup/", BackupView.as_view()),
    path("encryption/managed/keys/", ManagedKeysView.as_view()),
    path("encryption/managed/public-key/", ManagedPublicKeyView.as_view()),
    path("encryption/managed/encrypt/", ManagedEncryptView.as_view()),
    path("encryption/managed/decrypt/", ManagedDecryptView.as_view()),
]
