"""Exports on the wire."""

from uuid import UUID

import msgspec
from rest_framework.request import Request

from common.clock import rfc3339
from common.wire import Body, ClientId, Moment
from operations.models import PersonalExport


class NewExport(Body):
    """Start an export."""

    client_id: ClientId | None = None


class ExportState(msgspec.Struct):
    """An archive of your data: `queued`, `running`, `done` or `failed`.

    `progress` is a percentage, `size` is in bytes. `download_url` is null until the export is done. The archive is
    deleted at `expires_at`.
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
    """An export. The URL of its archive has the scheme and host of this request."""
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
