"""Sign-ins as they go over the wire."""

from uuid import UUID

import msgspec

from accounts.models import Session
from common.clock import rfc3339
from common.wire import Moment


class SessionState(msgspec.Struct):
    """A session on one device."""

    id: UUID
    device_name: str
    address: str | None
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment
    is_current: bool


def session_state(session: Session, *, current: UUID) -> SessionState:
    """A session, as seen from the one with the ID `current`."""
    return SessionState(
        id=session.id,
        device_name=session.device_name,
        address=session.address,
        created_at=rfc3339(session.created_at),
        last_used_at=rfc3339(session.last_used_at),
        expires_at=rfc3339(session.expires_at),
        is_current=session.id == current,
    )
