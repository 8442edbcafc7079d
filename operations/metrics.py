"""`/metrics` for Prometheus: what is queued and what has failed. The numbers come from the database, so every process
gives the same ones.

Only clients that send `METRICS_TOKEN` may read it or, if that is not set, only this machine.
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
from common import address_limits
from common.clock import now
from common.errors import not_found
from common.views import read_only
from messaging.models import Report
from notifications.models import Push
from operations.backups import schedule

LOOPBACK = ("127.0.0.1", "::1")
OPEN_TASKS = ("READY", "RUNNING", "FAILED")


@read_only
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in the requested format. 404 for clients that may not read them."""
    if not _may_read(request):
        address_limits.count_request(request)
        raise not_found()
    registry = CollectorRegistry()
    registry.register(Backlog())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    return request.META.get("REMOTE_ADDR") in LOOPBACK and "X-Forwarded-For" not in request.headers


class Backlog(Collector):
    """The work that is waiting for the worker."""

    def collect(self) -> Iterator[Metric]:
        """A few counts, all answered from indexes."""
        yield InfoMetricFamily("chat", "The version of this server.", {"version": settings.VERSION})
        tasks = GaugeMetricFamily("chat_tasks", "Background tasks by queue and state.", labels=["queue", "state"])
        rows = DBTaskResult.objects.filter(status__in=OPEN_TASKS).order_by().values_list("queue_name", "status")
        for queue, state, count in rows.annotate(count=Count("id")):
            tasks.add_metric([queue, state.lower()], count)
        yield tasks
        pushes = GaugeMetricFamily("chat_pushes", "Pushes that are waiting or failed for good.", labels=["state"])
        pushes.add_metric(["waiting"], Push.objects.waiting().count())
        pushes.add_metric(["dead"], Push.objects.dead().count())
        yield pushes
        yield _overdue("chat_tasks_overdue_seconds", "How long the oldest task has been due.", _oldest_task())
        oldest = Push.objects.waiting().aggregate(oldest=Min("due_at"))["oldest"]
        yield _overdue("chat_pushes_overdue_seconds", "How long the oldest push has been due.", oldest)
        verified_at = schedule.last_proved_at()
        about = "When the newest verified backup was made; 0 if there is none."
        seconds = verified_at.timestamp() if verified_at else 0
        yield GaugeMetricFamily("chat_backup_proved_timestamp_seconds", about, seconds)
        reports = Report.objects.filter(status=Report.Status.OPEN).count()
        yield GaugeMetricFamily("chat_reports_open", "Reports without a decision.", reports)
        sessions = Session.objects.live().count()
        yield GaugeMetricFamily("chat_sessions", "Sign-ins that have not ended.", sessions)


def _oldest_task() -> datetime | None:
    found: datetime | None = DBTaskResult.objects.ready().aggregate(oldest=Min("enqueued_at"))["oldest"]
    return found


def _overdue(name: str, description: str, due_at: datetime | None) -> Metric:
    seconds = max(0.0, (now() - due_at).total_seconds()) if due_at else 0.0
    return GaugeMetricFamily(name, description, seconds)
