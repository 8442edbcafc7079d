"""Whether a push should still be sent, checked again just before sending, whatever was true when it was queued. Nobody
gets a push about something they have read, may no longer see, or do not want to be notified of now."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts import presence
from accounts.models import Block, User
from common import isolation
from conversations.models import Invite, Membership
from notifications.levels import preference_of, quiet_until, wants_notice
from notifications.models import Notice, Push

Kind = Notice.Kind
RECHECK_INTERVAL = timedelta(seconds=10)


class UnreadMessage(NamedTuple):
    """An unread message that a push can be about."""

    actor: User
    message_id: UUID
    seq: int


FindUnread = Callable[[Collection[tuple[UUID, UUID]]], Mapping[tuple[UUID, UUID], UnreadMessage]]
"""Finds, by person and conversation, the newest message that is unread and not from somebody they block."""


class SortedPushes(NamedTuple):
    """Pushes to send now, to send later (and when), to drop, and those for which the check failed with an error."""

    ready: list[Push]
    postponed: list[tuple[Push, datetime]]
    dropped: list[Push]
    failed: list[Push]


def sort_by_eligibility(pushes: Collection[Push], moment: datetime, find_unread: FindUnread) -> SortedPushes:
    """Decide what to do with these pushes, whose device, user and preferences are loaded, in a fixed number of
    queries."""
    facts, found = _Facts(pushes), SortedPushes([], [], [], [])
    for push in pushes:
        facts.update_subject(push)
    facts.replace_blocked_subjects(pushes, find_unread)

    def sort(push: Push) -> None:
        if not facts.is_eligible(push, moment):
            found.dropped.append(push)
        elif due_at := facts.postponed_until(push, moment):
            found.postponed.append((push, due_at))
        else:
            found.ready.append(push)

    found.failed.extend(isolation.for_each(pushes, sort))
    return found


class _Facts:
    """What the decisions about some pushes depend on, as it is now."""

    def __init__(self, pushes: Collection[Push]) -> None:
        people = {push.device.user_id for push in pushes}
        conversations = {push.conversation_id for push in pushes if push.conversation_id}
        memberships = Membership.objects.live().filter(user__in=people, conversation__in=conversations)
        self._memberships: dict[tuple[UUID, UUID | None], Membership] = {
            (m.user_id, m.conversation_id): m for m in memberships
        }
        notices = Notice.objects.filter(user__in=people, kind=Kind.MESSAGE, subject_id__in=conversations)
        self._messages = {
            (notice.user_id, notice.conversation_id): notice for notice in notices.select_related("actor")
        }
        actors = {push.actor_id for push in pushes} | {notice.actor_id for notice in self._messages.values()}
        blocks = Block.objects.filter(blocker__in=people, blocked__in=actors - {None})
        self._blocks = set(blocks.values_list("blocker_id", "blocked_id"))
        topics = {push.topic for push in pushes}
        unread = Notice.objects.unread().exclude(kind__in=Notice.READ_WITH)
        found = unread.filter(user__in=people, subject_id__in=topics)
        self._unread = set(found.values_list("user_id", "kind", "subject_id"))
        self._invites = set(Invite.objects.usable().filter(id__in=topics).values_list("id", flat=True))
        self._online = presence.online(people)

    def update_subject(self, push: Push) -> None:
        """If the message that addressed this person was read, make the push about the newer messages merged into it."""
        key = (push.device.user_id, push.conversation_id)
        membership, other = self._memberships.get(key), self._messages.get(key)
        if push.kind not in Notice.NAMING or not membership or not other:
            return
        if (push.seq or 0) <= membership.last_read_seq < (other.seq or 0):
            push.kind, push.actor, push.message_id, push.seq = other.kind, other.actor, other.message_id, other.seq

    def replace_blocked_subjects(self, pushes: Collection[Push], find_unread: FindUnread) -> None:
        """If a push is about a message from somebody who is blocked by now, make it about an earlier message."""
        hidden: dict[tuple[UUID, UUID], list[Push]] = defaultdict(list)
        for push in pushes:
            if push.conversation_id and push.kind in Notice.READ_WITH and self._is_of_blocked(push):
                hidden[push.device.user_id, push.conversation_id].append(push)
        for key, message in find_unread(hidden).items():
            for push in hidden.get(key, ()):
                push.kind, (push.actor, push.message_id, push.seq) = Kind.MESSAGE, message

    def _is_of_blocked(self, push: Push) -> bool:
        return (push.device.user_id, push.actor_id) in self._blocks

    def is_eligible(self, push: Push, moment: datetime) -> bool:
        """Whether this person may see what the push is about, has not read it, and wants to be notified."""
        user = push.device.user
        if not user.is_active or user.erase_at or self._is_of_blocked(push):
            return False
        if push.kind not in Notice.READ_WITH and (user.id, push.kind, push.topic) not in self._unread:
            return False
        if push.kind == Kind.INVITATION:
            return push.topic in self._invites
        return push.conversation_id is None or self._is_eligible_in_conversation(push, moment)

    def _is_eligible_in_conversation(self, push: Push, moment: datetime) -> bool:
        membership = self._memberships.get((push.device.user_id, push.conversation_id))
        if membership is None:
            return False
        if push.kind not in Notice.ABOUT_MESSAGES:
            return True
        if membership.muted_until and membership.muted_until > moment:
            return False
        if not wants_notice(push.kind, membership.notify, preference_of(push.device.user)):
            return False
        read = membership.last_read_seq if push.kind in Notice.READ_WITH else 0
        return (push.seq or 0) > max(membership.visible_from_seq, read)

    def postponed_until(self, push: Push, moment: datetime) -> datetime | None:
        """Until when to wait: for the end of the quiet hours, or while somebody is online and may read it there."""
        if push.kind == Kind.SECURITY:
            return None
        if end := quiet_until(preference_of(push.device.user), moment):
            return end
        wait = timedelta(seconds=settings.PUSH_ONLINE_SECONDS)
        if push.device.user_id in self._online and moment < push.created_at + wait:
            return min(moment + RECHECK_INTERVAL, push.created_at + wait)
        return None
