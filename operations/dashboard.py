"""The overview, which is the first page of the console."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timesince import timesince

from operations.status import Count, Status, status


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the status to the template's context if this user may see it."""
    if request.user.has_perm("chatproject.view_status"):
        found = status(request.user)
        context |= {
            "status": found,
            "cards": _cards(found),
            "by_hour": _bars(found.messages_by_hour, "%H:%M"),
            "by_day": _bars(found.messages_by_day, "%d %b"),
            "processes": _processes(found),
        }
    return context


def _cards(found: Status) -> list[dict[str, Any]]:
    """The key figures, each with a note below it."""
    today = found.messages_by_day[-1].messages
    tasks, pushes, storage = found.tasks, found.pushes, found.storage
    return [
        {"title": "People online", "value": f"{found.people_online:,}", "note": f"{found.sockets:,} sockets"},
        {
            "title": "Messages today",
            "value": f"{today:,}",
            "note": f"{found.messages_by_hour[-1].messages:,} this hour",
        },
        {"title": "New people", "value": f"{found.people_new:,}", "note": "in the last 24 hours"},
        {"title": "Open reports", "value": f"{found.reports_open:,}", "note": "waiting for a decision"},
        {
            "title": "Tasks waiting",
            "value": f"{tasks.waiting:,}",
            "note": f"{tasks.failed:,} failed for good; workers: {found.workers:,}",
        },
        {"title": "Pushes waiting", "value": f"{pushes.waiting:,}", "note": f"{pushes.failed:,} failed for good"},
        {
            "title": "Files",
            "value": filesizeformat(storage.files),
            "note": f"database {filesizeformat(storage.database)}, disk {filesizeformat(storage.disk_free)} free",
        },
        {
            "title": "Database",
            "value": f"{found.health.database_ms:.1f} ms",
            "note": f"Redis: {found.health.redis}; push: {', '.join(found.health.push) or 'none'}",
        },
        _backup_card(found.backup_proved_at),
    ]


def _backup_card(proved_at: str | None) -> dict[str, Any]:
    """The age of the newest verified backup."""
    if proved_at is None:
        return {"title": "Last verified backup", "value": "none", "note": "no backup has been verified yet"}
    moment = datetime.fromisoformat(proved_at)
    return {
        "title": "Last verified backup",
        "value": timesince(moment, depth=1),
        "note": f"{date_format(moment, 'DATETIME_FORMAT')} (UTC)",
    }


def _bars(counts: Sequence[Count], label: str) -> str:
    """The data of a bar chart, as JSON."""
    labels = [datetime.fromisoformat(count.begins_at).strftime(label) for count in counts]
    return json.dumps(
        {
            "labels": labels,
            "datasets": [
                {
                    "label": "Messages",
                    "data": [count.messages for count in counts],
                    "backgroundColor": "var(--color-primary-600)",
                }
            ],
        }
    )


def _processes(found: Status) -> dict[str, Any]:
    rows = [[row.name, row.pid, row.sockets, row.people, row.started_at] for row in found.processes]
    return {"headers": ["Machine", "Process", "Sockets", "People", "Since"], "rows": rows}
