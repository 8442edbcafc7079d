"""Sign-ins: opened, refreshed, ended."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import hooks, tokens
from accounts.models import Device, Session, User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, not_found
from chatproject.common.publish import Ring, announce, person_topic

SAME_ANSWER_FOR = timedelta(seconds=10)
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

    Who shows the token again within ten seconds has lost the answer and gets the same successor. Later it is stolen
    or was: the session ends. Refuses `token_invalid`.
    """
    session_id, generation = tokens.read_refresh(token)
    moment = now()
    # Only columns of the row itself: a subquery would be evaluated on the snapshot before the lock, and two would win.
    Session.objects.filter(id=session_id, generation=generation, ended_at__isnull=True, expires_at__gt=moment).update(
        generation=generation + 1,
        rotated_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.REFRESH_TOKEN_LIFETIME,
        **({"address": address} if address else {}),
    )
    session = Session.objects.live(moment).filter(id=session_id).first()
    if session and session.generation == generation + 1 and moment - session.rotated_at <= SAME_ANSWER_FOR:
        return session
    if session and session.generation > generation:
        _end(session.user, Session.objects.filter(id=session_id))
    raise Refusal("token_invalid")


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
