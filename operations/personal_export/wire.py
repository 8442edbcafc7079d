"""Exports as they go over the wire."""

from uuid import UUID

import msgspec
from rest_framework.request import Request

from chatproject.common.clock import rfc3339
from chatproject.common.wire import Body, ClientId, Moment
from chatproject.models import PersonalExport


class NewExport(Body):
    """An archive, from now on."""

    client_id: ClientId | None = None


class ExportState(msgspec.Struct):
    """An archive of everything that I have here: `queued`, `running`, `done` or `failed`.

    `progress` is in per cent, `size` in bytes. `download_url` is null until it is done; at `expires_at` it is deleted.
    """

    id: UUID
    status: str
    progress: int
    created_at: Moment
    finished_at: Moment | None
    expires_at: Moment | None
    size: int | None
    download_url: str | None


def export_state(export: PersonalExport, request: Request) -> ExportState:
    """An export, with the address of its archive as this request reached the server."""
    is_done = export.status == PersonalExport.Status.DONE
    return ExportState(
        id=export.id,
        status=export.status,
        progress=export.progress,
        created_at=rfc3339(export.created_at),
        finished_at=rfc3339(export.finished_at) if export.finished_at else None,
        expires_at=rfc3339(export.expires_at) if export.expires_at else None,
        size=export.size,
        download_url=request.build_absolute_uri(f"/api/v1/users/me/export/{export.id}/archive/") if is_done else None,
    )
