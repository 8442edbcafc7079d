from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ChatprojectConfig(AppConfig):
    name = "chatproject"
    verbose_name = "Operation"

    def ready(self) -> None:
        from chatproject import checks  # noqa: F401 (registers them)
        from chatproject.personal_export import keeping  # noqa: F401 (registers what follows on an erasure)
        from chatproject.roles import make_roles

        post_migrate.connect(make_roles, sender=self)  # as Django makes the permissions they consist of
