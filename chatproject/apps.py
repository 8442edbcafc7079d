from django.apps import AppConfig


class ServerConfig(AppConfig):
    """Provides the command `serve` and the system checks. The label `chatproject` belongs to operations."""

    name = "chatproject"
    label = "server"

    def ready(self) -> None:
        from chatproject import checks  # noqa: F401 (registers them)
