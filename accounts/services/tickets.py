"""Socket tickets: a token never stands in an address, a ticket that served once may."""

from datetime import timedelta

from accounts.models import OneTime, Session
from accounts.services import one_time
from chatproject.common.errors import Refusal
from chatproject.common.limited import limited

TICKET_SECONDS = 30


@limited("RATE_TICKETS")
def issue_ticket(session: Session) -> str:
    """A ticket that opens one socket for this session."""
    return one_time.make_ticket(session, timedelta(seconds=TICKET_SECONDS))


def session_of_ticket(ticket: str) -> Session:
    """Use up a ticket. Refuses (`token_invalid`) a wrong, used or late one, and one whose session has ended."""
    used = _consume(ticket)
    session = Session.objects.live().filter(id=used.session_id).first() if used and used.session_id else None
    if session is None:
        raise Refusal("token_invalid")
    return session


def _consume(ticket: str) -> OneTime | None:
    if not 0 < len(ticket) <= 100 or not ticket.isascii():
        return None
    return one_time.use_ticket(ticket)
