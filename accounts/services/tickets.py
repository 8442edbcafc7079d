"""Socket tickets: a token must not appear in a URL, a ticket that works only once may."""

from datetime import timedelta

from accounts.models import OneTime, Session
from accounts.services import one_time
from common.action_limits import limited
from common.errors import Refusal

TICKET_SECONDS = 30


@limited("RATE_TICKETS")
def issue_ticket(session: Session) -> str:
    """A ticket that opens one socket for this session."""
    return one_time.make_ticket(session, timedelta(seconds=TICKET_SECONDS))


def session_of_ticket(ticket: str) -> Session:
    """Use a ticket. Refuses (`token_invalid`) one that is wrong, used or expired, or whose session has ended."""
    used = _consume(ticket)
    session = Session.objects.find_live(used.session_id) if used else None
    if session is None:
        raise Refusal("token_invalid")
    return session


def _consume(ticket: str) -> OneTime | None:
    if not 0 < len(ticket) <= 100 or not ticket.isascii():
        return None
    return one_time.use_ticket(ticket)
