"""`manage.py worker`: the background worker as a separate process."""

import os
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from common.stopping import on_stop
from operations.worker import ChatWorker


class Command(BaseCommand):
    help = "Run background tasks until stopped. `serve` starts a worker by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--with", type=int, dest="parent", help="stop when the process with this id exits")

    def handle(self, *args: Any, parent: int | None = None, **options: Any) -> None:
        stopping = threading.Event()
        on_stop(lambda *_: stopping.set())
        worker = ChatWorker()
        worker.start()
        while not stopping.wait(1):
            if parent and os.getppid() != parent:
                break
        worker.stop()
