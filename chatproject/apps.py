from django.apps import AppConfig


class ChatprojectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject import checks  # noqa: F401 (registers them)
        from chatproject.personal_export import keeping  # noqa: F401 (registers what follows on an erasure)
