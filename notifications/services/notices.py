"""Telling people: a notice is written, numbered, announced and queued for their devices, in the deed's transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Session, User
from chatproject.common.clock import now
from chatproject.common.errors import not_found
from chatproject.common.limited import limited
from chatproject.common.publish import Ring, announce, person_topic
from conversations.models import Conversation
from conversations.wire import event
from notifications.models import Notice, NoticeQuerySet, Preference
from notifications.services.pushes import forget_pushes, queue
from notifications.wire import NoticeCounts, created_frame

Kind = Notice.Kind
ANEW = ["actor", "conversation", "message_id", "seq", "data", "at", "read_at"]
"""What is written again when the same happens again."""


def notify(
    people: Collection[User],
    kind: Notice.Kind,
    *,
    subject_id: UUID,
    actor: User | None = None,
    conversation: Conversation | None = None,
    message_id: UUID | None = None,
    seq: int | None = None,
    preview: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Tell these people: in their history, live, and on their devices. Call it last in the deed's transaction."""
    moment = now()
    notices = [
        Notice(
            user=user,
            kind=kind,
            subject_id=subject_id,
            actor=actor,
            conversation=conversation,
            message_id=message_id,
            seq=seq,
            data=data or {},
            at=moment,
        )
        for user in people
    ]
    tell(notices, {message_id: preview} if message_id and preview else {})
    queue(notices, moment)


def tell(notices: Collection[Notice], previews: Mapping[UUID, str]) -> None:
    """Write these notices and announce them; the same kind about the same subject is one notice, unread anew. Of a
    `message` notice that is still unread nobody is told again: their devices hear the messages.

    The rows of the people are locked first, so that of two who tell the same people one comes after the other.
    `previews` are by message."""
    if not notices:
        return
    User.objects.lock_all({notice.user_id for notice in notices})
    going_on = _unread_collapsed(notices)
    Notice.objects.bulk_create(
        notices, update_conflicts=True, unique_fields=["user", "kind", "subject_id"], update_fields=ANEW
    )
    loud = [notice for notice in notices if (notice.user_id, notice.subject_id) not in going_on]
    if loud:
        _announce(loud, previews)


def _unread_collapsed(notices: Collection[Notice]) -> set[tuple[UUID, UUID]]:
    """The persons and conversations among these whose `message` notice is unread already."""
    collapsed = [notice for notice in notices if notice.kind == Kind.MESSAGE]
    if not collapsed:
        return set()
    found = Notice.objects.unread().filter(
        kind=Kind.MESSAGE,
        user__in={notice.user_id for notice in collapsed},
        subject_id__in={notice.subject_id for notice in collapsed},
    )
    return set(found.values_list("user_id", "subject_id"))


def _announce(notices: Collection[Notice], previews: Mapping[UUID, str]) -> None:
    """Ring for each, as it is stored: it may have had its id before. Several for one person take a number each."""
    told = {(notice.user_id, notice.kind, notice.subject_id) for notice in notices}
    stored = Notice.objects.select_related("actor", "conversation", "user__preference").filter(
        user__in={user_id for user_id, _, _ in told}, subject_id__in={subject_id for *_, subject_id in told}
    )
    waiting = [notice for notice in stored if (notice.user_id, notice.kind, notice.subject_id) in told]
    rings = []
    while waiting:
        one_each = {notice.user_id: notice for notice in waiting}
        for user_id, number in User.objects.bump(one_each).items():
            notice = one_each[user_id]
            preview = previews.get(notice.message_id) if notice.message_id else None
            rings.append(Ring(person_topic(user_id), number, created_frame(notice, number, preview)))
        waiting = [notice for notice in waiting if one_each[notice.user_id] is not notice]
    announce(*rings)  # together: each by itself would start a loop and a connection to Redis


def unread_counts(user: User, session: Session | None = None) -> NoticeCounts:
    """How many notices this person has not read; without that of this sign-in."""
    visible = Notice.objects.visible_to(user)
    unread = visible.unread_on(session) if session else visible.unread()
    return NoticeCounts(unread.count(), unread.filter(kind=Kind.MENTION).count())


@limited("RATE_MARKS")
def read_notice(actor: User, *, notice_id: UUID, session: Session | None = None) -> Notice:
    """This notice was read; repeating it changes nothing. Refuses `not_found`."""
    with transaction.atomic():
        actor = User.objects.lock(actor)
        notice = Notice.objects.visible_to(actor).select_related("actor", "conversation").filter(id=notice_id).first()
        if notice is None:
            raise not_found()
        if notice.read_at is None:
            notice.read_at = now()
            notice.save(update_fields=["read_at"])
            _tell_read(actor, notice.id, session)
    return notice


@limited("RATE_MARKS")
def read_all(actor: User, *, until: datetime | None = None, session: Session | None = None) -> NoticeCounts:
    """All notices, or those up to this moment, were read. What comes at the same time stays unread."""
    with transaction.atomic():
        actor = User.objects.lock(actor)
        waiting = Notice.objects.filter(Q(at__lte=until) if until else Q(), user=actor, read_at__isnull=True)
        if waiting.update(read_at=now()):
            _tell_read(actor, None, session)
        return unread_counts(actor, session)


def _tell_read(actor: User, notice_id: UUID | None, session: Session | None) -> None:
    """`notification.read` to the reader's own devices, counted for the one that read."""
    counts = unread_counts(actor, session)
    number = User.objects.bump([actor.id])[actor.id]
    data = {"notification_id": notice_id, "unread": counts.unread, "mentions": counts.mentions}
    announce(Ring(person_topic(actor.id), number, event("notification.read", data, now(), me_seq=number)))


def forget_message(message_id: UUID) -> None:
    """A message is gone: what it told is gone with it, here and on its way to devices. A `message` notice stands for
    the others as well, and only names it no longer."""
    about = _locked(Notice.objects.filter(message_id=message_id))
    about.exclude(kind=Kind.MESSAGE).delete()
    about.update(message_id=None)
    forget_pushes(message_id)


def forget_mentions(message_id: UUID, *, but: Collection[UUID]) -> None:
    """An edited message names nobody `but` these people any more."""
    _locked(Notice.objects.filter(message_id=message_id, kind=Kind.MENTION).exclude(user__in=but)).delete()


def forget_reactions(message_id: UUID, actor: User | None, data: dict[str, Any]) -> None:
    """A reaction was taken back: the notice is of whoever is left, and without anybody it is gone."""
    about = _locked(Notice.objects.filter(message_id=message_id, kind=Kind.REACTION))
    if actor:
        about.update(actor=actor, data=data)
    else:
        about.delete()


def forget_person(user: User) -> None:
    """Nothing is left of what this person was told and wanted, and of what was told about them."""
    _locked(Notice.objects.filter(Q(user=user) | Q(actor=user))).delete()
    Preference.objects.filter(user=user).delete()


def _locked(notices: NoticeQuerySet) -> NoticeQuerySet:
    """These notices, their people locked first, as by everybody who writes several."""
    User.objects.lock_all(notices.values_list("user_id", flat=True))
    return notices
