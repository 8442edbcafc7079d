"""`/metrics`: what waits and what was given up, for Prometheus: the database's numbers, whichever process answers.

Only whoever knows `METRICS_TOKEN` reads it; where none is set, only this machine itself.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django_tasks_db.models import DBTaskResult
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from accounts.models import Session
from chatproject.backups import schedule
from chatproject.common import gate
from chatproject.common.clock import now
from chatproject.common.errors import not_found
from chatproject.home import read_only
from messaging.models import Report
from notifications.models import Push

LOOPBACK = ("127.0.0.1", "::1")
OPEN_TASKS = ("READY", "RUNNING", "FAILED")


@read_only
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in the format that was asked for; 404 to whoever may not read them."""
    if not _may_read(request):
        gate.admit_request(request)
        raise not_found()
    registry = CollectorRegistry()
    registry.register(Backlog())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(shown.encode(), settings.METRICS_TOKEN.encode())
    return request.META.get("REMOTE_ADDR") in LOOPBACK and "X-Forwarded-For" not in request.headers


class Backlog(Collector):
    """What the worker has before it."""

    def collect(self) -> Iterator[Metric]:
        """A few counts by index."""
        yield InfoMetricFamily("chat", "What runs here.", {"version": settings.VERSION})
        tasks = GaugeMetricFamily("chat_tasks", "Background tasks by queue and state.", labels=["queue", "state"])
        rows = DBTaskResult.objects.filter(status__in=OPEN_TASKS).order_by().values_list("queue_name", "status")
        for queue, state, count in rows.annotate(count=Count("id")):
            tasks.add_metric([queue, state.lower()], count)
        yield tasks
        pushes = GaugeMetricFamily("chat_pushes", "Pushes that wait, and those given up.", labels=["state"])
        pushes.add_metric(["waiting"], Push.objects.waiting().count())
        pushes.add_metric(["dead"], Push.objects.dead().count())
        yield pushes
        yield _overdue("chat_tasks_overdue_seconds", "How long the oldest task is due.", _oldest_task())
        oldest = Push.objects.waiting().aggregate(oldest=Min("due_at"))["oldest"]
        yield _overdue("chat_pushes_overdue_seconds", "How long the oldest push is due.", oldest)
        proved = schedule.last_proved_at()
        about = "From when the newest backup is that was restored to prove it; 0 when there is none."
        yield GaugeMetricFamily("chat_backup_proved_timestamp_seconds", about, proved.timestamp() if proved else 0)
        reports = Report.objects.filter(status=Report.Status.OPEN).count()
        yield GaugeMetricFamily("chat_reports_open", "Reports that nobody has decided about.", reports)
        sessions = Session.objects.live().count()
        yield GaugeMetricFamily("chat_sessions", "Sign-ins that have not ended.", sessions)


def _oldest_task() -> datetime | None:
    found: datetime | None = DBTaskResult.objects.ready().aggregate(oldest=Min("enqueued_at"))["oldest"]
    return found


def _overdue(name: str, description: str, due_at: datetime | None) -> Metric:
    seconds = max(0.0, (now() - due_at).total_seconds()) if due_at else 0.0
    return GaugeMetricFamily(name, description, seconds)
