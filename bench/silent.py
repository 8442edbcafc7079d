"""Settings of a server whose worker notifies nobody and pushes nothing: DJANGO_SETTINGS_MODULE=bench.silent."""

from bench.named import *  # noqa: F403
from bench.named import INSTALLED_APPS as ALL
from bench.named import NamedThreads


class Silent(NamedThreads):
    """Leaves the worker its threads, but nothing to do."""

    name = "bench.silent"

    def ready(self) -> None:
        from messaging.following.tail import LogFollower
        from notifications.push_sender import PushSender

        super().ready()
        LogFollower.follow = PushSender.send_due = lambda self: False


INSTALLED_APPS = [*ALL[:-1], "bench.silent.Silent"]
