from django.apps import AppConfig


class EncryptionConfig(AppConfig):
    name = "encryption"

    def ready(self) -> None:
        from encryption import people  # noqa: F401 (registers what becomes of keys)
