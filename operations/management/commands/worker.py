"""`manage.py worker`: the background worker as a separate process."""

from typing import Any

from django.core.management.base import BaseCommand

from operations.worker import run_worker


class Command(BaseCommand):
    help = "Run background tasks until stopped. `serve` starts a worker by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        run_worker()
