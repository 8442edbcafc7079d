"""Settings of a server whose worker tells nobody and pushes nothing: DJANGO_SETTINGS_MODULE=bench.silent."""

from bench.named import *  # noqa: F403
from bench.named import INSTALLED_APPS as ALL
from bench.named import Named


class Silent(Named):
    """Leaves the worker its threads, with nothing to do."""

    name = "bench.silent"

    def ready(self) -> None:
        from messaging.tail import Follower
        from notifications.lane import PushLane

        super().ready()
        Follower.follow = PushLane.send_due = lambda self: False


INSTALLED_APPS = [*ALL[:-1], "bench.silent.Silent"]
