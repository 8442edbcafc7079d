"""The first page of the console: is it well?"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timesince import timesince

from chatproject.status import Count, Status, status


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the template of the first page shows, to whoever may see it."""
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
    """A few numbers, each with a line below it."""
    today = found.messages_by_day[-1].messages
    tasks, pushes, storage = found.tasks, found.pushes, found.storage
    return [
        {"title": "People online", "value": f"{found.people_online:,}", "note": f"{found.sockets:,} sockets"},
        {
            "title": "Messages today",
            "value": f"{today:,}",
            "note": f"{found.messages_by_hour[-1].messages:,} this hour",
        },
        {"title": "New people", "value": f"{found.people_new:,}", "note": "within a day"},
        {"title": "Open reports", "value": f"{found.reports_open:,}", "note": "wait for a decision"},
        {
            "title": "Tasks waiting",
            "value": f"{tasks.waiting:,}",
            "note": f"{tasks.failed:,} failed for good; workers: {found.workers:,}",
        },
        {"title": "Pushes waiting", "value": f"{pushes.waiting:,}", "note": f"{pushes.failed:,} given up"},
        {
            "title": "Files",
            "value": filesizeformat(storage.files),
            "note": f"database {filesizeformat(storage.database)}, disk {filesizeformat(storage.disk_free)} free",
        },
        {
            "title": "Database",
            "value": f"{found.health.database_ms:.1f} ms",
            "note": f"Redis {found.health.redis}; push by {', '.join(found.health.push)}",
        },
        _backup_card(found.backup_proved_at),
    ]


def _backup_card(proved_at: str | None) -> dict[str, Any]:
    """How old what could be restored is."""
    if proved_at is None:
        return {"title": "Last proved backup", "value": "none", "note": "none was restored yet to prove it"}
    moment = datetime.fromisoformat(proved_at)
    return {
        "title": "Last proved backup",
        "value": timesince(moment, depth=1),
        "note": f"{date_format(moment, 'DATETIME_FORMAT')} (UTC)",
    }


def _bars(counts: Sequence[Count], label: str) -> str:
    """What the chart draws, as JSON."""
    labels = [datetime.fromisoformat(one.begins_at).strftime(label) for one in counts]
    return json.dumps(
        {
            "labels": labels,
            "datasets": [
                {
                    "label": "Messages",
                    "data": [one.messages for one in counts],
                    "backgroundColor": "var(--color-primary-600)",
                }
            ],
        }
    )


def _processes(found: Status) -> dict[str, Any]:
    rows = [[one.name, one.pid, one.sockets, one.people, one.started_at] for one in found.processes]
    return {"headers": ["Machine", "Process", "Sockets", "People", "Since"], "rows": rows}
