"""Notifying people: a notice is stored, numbered, published and queued as a push, in the action's transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Session, User
from common.action_limits import limited
from common.clock import now
from common.compiled import CompiledQuery, Parameters
from common.errors import not_found
from common.publish import Publication, publish_on_commit, user_topic
from conversations.models import Conversation
from conversations.wire import encode_event
from notifications.models import Notice, NoticeQuerySet, Preference
from notifications.services.pushes import forget_pushes, queue_pushes
from notifications.wire import NoticeCounts, created_frame

Kind = Notice.Kind
UPDATED_FIELDS = ["actor", "conversation", "message_id", "seq", "data", "at", "read_at"]
"""The fields that are updated when the same thing happens again."""


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
    """Notify these people: in their list of notices, over the socket, and by push. Call it last in the action's
    transaction."""
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
    publish_notices(notices, {message_id: preview} if message_id and preview else {})
    queue_pushes(notices, moment)


def publish_notices(notices: Collection[Notice], previews: Mapping[UUID, str]) -> None:
    """Store these notices and publish them. A notice of the same kind about the same subject is updated and becomes
    unread again. A `message` notice that is still unread is not published again: devices get the messages themselves.

    Locks the rows of the people first, so that concurrent calls for the same people wait for each other. `previews` are
    keyed by message."""
    if not notices:
        return
    User.objects.lock_all({notice.user_id for notice in notices})
    already_unread = _unread_message_notices(notices)
    Notice.objects.bulk_create(
        notices, update_conflicts=True, unique_fields=["user", "kind", "subject_id"], update_fields=UPDATED_FIELDS
    )
    new = [notice for notice in notices if (notice.user_id, notice.subject_id) not in already_unread]
    if new:
        _publish_created(new, previews)


def _unread_message_notices(notices: Collection[Notice]) -> set[tuple[UUID, UUID]]:
    """The people and conversations among these that already have an unread `message` notice."""
    candidates = [notice for notice in notices if notice.kind == Kind.MESSAGE]
    if not candidates:
        return set()
    users, subjects = {notice.user_id for notice in candidates}, {notice.subject_id for notice in candidates}
    return set(_unread_about(users=users, subjects=subjects))


@CompiledQuery
def _unread_about() -> QuerySet[Notice, Any]:
    about = Notice.objects.filter(user__in=Parameters("users"), subject_id__in=Parameters("subjects"))
    return about.unread().filter(kind=Kind.MESSAGE).values_list("user_id", "subject_id")


def _publish_created(notices: Collection[Notice], previews: Mapping[UUID, str]) -> None:
    """Publish each notice as it is stored: an updated one has its old ID. Each takes the next number of its person."""
    keys = {(notice.user_id, notice.kind, notice.subject_id) for notice in notices}
    stored = _stored(users={user_id for user_id, _, _ in keys}, subjects={subject_id for *_, subject_id in keys})
    waiting = [notice for notice in stored if (notice.user_id, notice.kind, notice.subject_id) in keys]
    publications = []
    while waiting:
        one_each = {notice.user_id: notice for notice in waiting}
        for user_id, number in User.objects.bump(one_each).items():
            notice = one_each[user_id]
            preview = previews.get(notice.message_id) if notice.message_id else None
            publications.append(Publication(user_topic(user_id), number, created_frame(notice, number, preview)))
        waiting = [notice for notice in waiting if one_each[notice.user_id] is not notice]
    publish_on_commit(*publications)  # together: each on its own would start an event loop and a connection to Redis


@CompiledQuery
def _stored() -> NoticeQuerySet:
    about = Notice.objects.filter(user__in=Parameters("users"), subject_id__in=Parameters("subjects"))
    return about.select_related("actor", "conversation", "user__preference")


def unread_counts(user: User, session: Session | None = None) -> NoticeCounts:
    """How many notices this person has not read, without the one about this session's own sign-in."""
    visible = Notice.objects.visible_to(user)
    unread = visible.unread_on(session) if session else visible.unread()
    return NoticeCounts(unread.count(), unread.filter(kind=Kind.MENTION).count())


@limited("RATE_MARKS")
def read_notice(actor: User, *, notice_id: UUID, session: Session | None = None) -> Notice:
    """Mark a notice as read; repeating it changes nothing. Refuses `not_found`."""
    with transaction.atomic():
        actor = User.objects.lock(actor)
        notice = Notice.objects.visible_to(actor).select_related("actor", "conversation").filter(id=notice_id).first()
        if notice is None:
            raise not_found()
        if notice.read_at is None:
            notice.read_at = now()
            notice.save(update_fields=["read_at"])
            _publish_read(actor, notice.id, session)
    return notice


@limited("RATE_MARKS")
def read_all(actor: User, *, until: datetime | None = None, session: Session | None = None) -> NoticeCounts:
    """Mark all notices as read, or those up to this time. Notices that arrive meanwhile stay unread."""
    with transaction.atomic():
        actor = User.objects.lock(actor)
        waiting = Notice.objects.filter(Q(at__lte=until) if until else Q(), user=actor, read_at__isnull=True)
        if waiting.update(read_at=now()):
            _publish_read(actor, None, session)
        return unread_counts(actor, session)


def _publish_read(actor: User, notice_id: UUID | None, session: Session | None) -> None:
    """Publish `notification.read` to the reader's devices, with the counts as this session sees them."""
    counts = unread_counts(actor, session)
    number = User.objects.bump([actor.id])[actor.id]
    data = {"notification_id": notice_id, "unread": counts.unread, "mentions": counts.mentions}
    publish_on_commit(
        Publication(user_topic(actor.id), number, encode_event("notification.read", data, now(), me_seq=number))
    )


def forget_message(message_id: UUID) -> None:
    """Delete the notices and pushes about a deleted message. A `message` notice also stands for other messages, so it
    only loses its reference."""
    notices = _locked(Notice.objects.filter(message_id=message_id))
    notices.exclude(kind=Kind.MESSAGE).delete()
    notices.update(message_id=None)
    forget_pushes(message_id)


def forget_mentions(message_id: UUID, *, still_mentioned: Collection[UUID]) -> None:
    """Delete the mention notices of an edited message, except for people who are still mentioned."""
    notices = Notice.objects.filter(message_id=message_id, kind=Kind.MENTION)
    _locked(notices.exclude(user__in=still_mentioned)).delete()


def forget_reactions(message_id: UUID, actor: User | None, data: dict[str, Any]) -> None:
    """A reaction was taken back: make the notice about `actor`, who still reacts, or delete it if there is nobody."""
    notices = _locked(Notice.objects.filter(message_id=message_id, kind=Kind.REACTION))
    if actor:
        notices.update(actor=actor, data=data)
    else:
        notices.delete()


def forget_person(user: User) -> None:
    """Delete this person's notices and preferences, and the notices about what they did."""
    _locked(Notice.objects.filter(Q(user=user) | Q(actor=user))).delete()
    Preference.objects.filter(user=user).delete()


def _locked(notices: NoticeQuerySet) -> NoticeQuerySet:
    """These notices, with the rows of their people locked, as all code that writes several notices does first."""
    User.objects.lock_all(notices.values_list("user_id", flat=True))
    return notices
