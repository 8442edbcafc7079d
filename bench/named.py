"""Settings of a server whose threads are known to Linux by their names: DJANGO_SETTINGS_MODULE=bench.named."""

import ctypes
import threading

from django.apps import AppConfig

from chatproject.settings import *  # noqa: F403
from chatproject.settings import INSTALLED_APPS as ALL

PR_SET_NAME = 15


class NamedThreads(AppConfig):
    """Python does so by itself from 3.14 on."""

    name = "bench.named"

    def ready(self) -> None:
        libc, run = ctypes.CDLL(None), threading.Thread.run

        def run_named(thread: threading.Thread) -> None:
            libc.prctl(PR_SET_NAME, thread.name.encode()[:15], 0, 0, 0)
            run(thread)

        threading.Thread.run = run_named


INSTALLED_APPS = [*ALL, "bench.named.NamedThreads"]
