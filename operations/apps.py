from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OperationsConfig(AppConfig):
    """The label is older than the package, and is part of table names, permissions and backups."""

    name = "operations"
    label = "chatproject"
    verbose_name = "Operations"

    def ready(self) -> None:
        from operations.personal_export import storage  # noqa: F401 (registers a hook)
        from operations.roles import create_roles

        post_migrate.connect(create_roles, sender=self)  # after Django has created the permissions
