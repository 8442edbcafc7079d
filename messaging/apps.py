from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import people, services  # noqa: F401 (register what they do when people and files change)
