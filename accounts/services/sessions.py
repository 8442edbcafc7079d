"""Sign-ins: opened, refreshed, ended."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import hooks, tokens
from accounts.models import Device, Session, User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, not_found
from chatproject.common.publish import Ring, announce, person_topic

OVERLAP = timedelta(seconds=10)
"""Requests that ran side by side with one refresh token (two tabs, an app and its extension) may be this far apart."""
TOUCH_EVERY = timedelta(minutes=1)


@transaction.atomic
def open_session(user: User, *, device_name: str = "", address: str = "") -> Session:
    """A new sign-in of this person. The caller has made sure that they may."""
    moment = now()
    session = Session.objects.create(
        user=user,
        device_name=device_name,
        address=address or None,
        created_at=moment,
        rotated_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.REFRESH_TOKEN_LIFETIME,
    )
    hooks.session_opened(session)
    return session


def refresh(token: str, *, address: str = "") -> Session:
    """Move the session of this refresh token on to its next generation, exactly once.

    A token that is shown again gets the same successor until one of the successor's own tokens was used: until then the
    answer may have been lost on its way. After that, and after `OVERLAP`, somebody else has it: the session ends.
    Refuses `token_invalid`.
    """
    session_id, generation = tokens.read_refresh(token)
    moment = now()
    # Only columns of the row itself: a subquery would be evaluated on the snapshot before the lock, and two would win.
    Session.objects.filter(id=session_id, generation=generation, ended_at__isnull=True, expires_at__gt=moment).update(
        generation=generation + 1,
        is_received=False,
        rotated_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.REFRESH_TOKEN_LIFETIME,
        **({"address": address} if address else {}),
    )
    session = Session.objects.live(moment).filter(id=session_id).first()
    if session and session.generation == generation + 1 and _may_be_lost(session, moment):
        return session
    if session and session.generation > generation:
        _end(session.user, Session.objects.filter(id=session_id))
    raise Refusal("token_invalid")


def _may_be_lost(session: Session, moment: datetime) -> bool:
    """Whether the answer that brought the present tokens may not have arrived."""
    return not session.is_received or moment - session.rotated_at <= OVERLAP


def note_received(session: Session, generation: int | None) -> None:
    """An access token of this generation was used. That of the present one says that its answer has arrived."""
    if generation == session.generation and not session.is_received:
        Session.objects.filter(id=session.id, generation=generation).update(is_received=True)


def end_session(user: User, session_id: UUID) -> None:
    """End one of this person's sign-ins; its sockets close. Refuses `not_found`."""
    if not _end(user, Session.objects.filter(id=session_id)):
        raise not_found()


def end_other_sessions(session: Session) -> int:
    """End all sign-ins of this person but this one. Returns how many."""
    return _end(session.user, Session.objects.exclude(id=session.id))


@transaction.atomic
def end_all_sessions(user: User) -> int:
    """End all sign-ins of this person, also to the console. Returns how many, without the latter."""
    User.objects.filter(id=user.id).update(console_generation=F("console_generation") + 1)
    return _end(user, Session.objects.all())


@transaction.atomic
def _end(user: User, sessions: QuerySet[Session]) -> int:
    """The person's row is locked first, as whoever opens a session does: none slips through."""
    User.objects.lock(user)
    ended = list(sessions.filter(user=user, ended_at__isnull=True))
    Session.objects.filter(id__in=[session.id for session in ended]).update(ended_at=now())
    if ended:
        Device.objects.filter(user=user, session__ended_at__isnull=False).delete()
        hooks.sessions_ended(user, ended)
        look_again_at(user)
    return len(ended)


def look_again_at(user: User) -> None:
    """Have every feed look at this person afresh: sockets of ended sessions close, the others get a new `hello`. Call
    it last in a transaction."""
    seq = User.objects.bump([user.id])[user.id]
    announce(Ring(person_topic(user.id), seq, b""))


def touch(session: Session) -> None:
    """Remember that the session is in use, at most once a minute."""
    moment = now()
    if moment - session.last_used_at > TOUCH_EVERY:
        stale = Session.objects.filter(id=session.id, last_used_at__lt=moment - TOUCH_EVERY)
        stale.update(last_used_at=moment)
