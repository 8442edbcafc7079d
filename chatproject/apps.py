from django.apps import AppConfig


class ChatprojectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject import checks  # noqa: F401 (registers them)
