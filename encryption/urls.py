from django.urls import path

from encryption.api import ManagedDecryptView, ManagedEncryptView, ManagedKeysView, ManagedPublicKeyView

urlpatterns = [
    path("encryption/managed/keys/", ManagedKeysView.as_view()),
    path("encryption/managed/public-key/", ManagedPublicKeyView.as_view()),
    path("encryption/managed/encrypt/", ManagedEncryptView.as_view()),
    path("encryption/managed/decrypt/", ManagedDecryptView.as_view()),
]
