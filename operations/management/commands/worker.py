"""`manage.py worker`: work in the background, as a process of its own."""

import os
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatproject.stopping import on_stop
from chatproject.worker import ChatWorker


class Command(BaseCommand):
    help = "Run queued tasks until stopped. `serve` starts one by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--with", type=int, dest="parent", help="stop when the process with this id is gone")

    def handle(self, *args: Any, parent: int | None = None, **options: Any) -> None:
        stopping = threading.Event()
        on_stop(lambda *_: stopping.set())
        worker = ChatWorker()
        worker.start()
        while not stopping.wait(1):
            if parent and os.getppid() != parent:
                break
        worker.stop()
