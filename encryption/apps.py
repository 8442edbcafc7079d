from django.apps import AppConfig


class EncryptionConfig(AppConfig):
    name = "encryption"

    def ready(self) -> None:
        from encryption import receivers  # noqa: F401 (registers hook receivers)
