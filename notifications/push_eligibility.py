"""Whether a push is still wanted at the moment of sending: asked of the database again, whatever held when it was
queued. Nobody is told of what they have read, may not see any more, or do not want to hear of now."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts import presence
from accounts.models import Block, User
from chatproject.common import apart
from conversations.models import Invite, Membership
from notifications.levels import preference_of, quiet_until, wants
from notifications.models import Notice, Push

Kind = Notice.Kind
LOOK_AGAIN = timedelta(seconds=10)


class About(NamedTuple):
    """A message that a push is about."""

    actor: User
    message_id: UUID
    seq: int


Unread = Callable[[Collection[tuple[UUID, UUID]]], Mapping[tuple[UUID, UUID], About]]
"""The newest message that each of these people has not read in a conversation, of those whom they do not block."""


class Verdicts(NamedTuple):
    """Pushes to be sent now, those that wait until a moment, those nobody needs, and those that cannot be judged."""

    going: list[Push]
    waiting: list[tuple[Push, datetime]]
    dropped: list[Push]
    faulty: list[Push]


def judge(pushes: Collection[Push], moment: datetime, unread: Unread) -> Verdicts:
    """Decide about these pushes, with their device, its person and preferences at hand, in so many queries."""
    facts, verdicts = _Facts(pushes), Verdicts([], [], [], [])
    for push in pushes:
        facts.turn(push)
    facts.turn_from_blocked(pushes, unread)

    def decide(push: Push) -> None:
        if not facts.is_wanted(push, moment):
            verdicts.dropped.append(push)
        elif later := facts.later(push, moment):
            verdicts.waiting.append((push, later))
        else:
            verdicts.going.append(push)

    verdicts.faulty.extend(apart.each(pushes, decide))
    return verdicts


class _Facts:
    """All that must be known of some pushes, as it is now."""

    def __init__(self, pushes: Collection[Push]) -> None:
        people = {push.device.user_id for push in pushes}
        places = {push.conversation_id for push in pushes if push.conversation_id}
        memberships = Membership.objects.live().filter(user__in=people, conversation__in=places)
        self._memberships: dict[tuple[UUID, UUID | None], Membership] = {
            (m.user_id, m.conversation_id): m for m in memberships
        }
        told = Notice.objects.filter(user__in=people, kind=Kind.MESSAGE, subject_id__in=places)
        self._messages = {(notice.user_id, notice.conversation_id): notice for notice in told.select_related("actor")}
        actors = {push.actor_id for push in pushes} | {notice.actor_id for notice in self._messages.values()}
        blocks = Block.objects.filter(blocker__in=people, blocked__in=actors - {None})
        self._blocks = set(blocks.values_list("blocker_id", "blocked_id"))
        topics = {push.topic for push in pushes}
        unread = Notice.objects.unread().exclude(kind__in=Notice.READ_WITH)
        found = unread.filter(user__in=people, subject_id__in=topics)
        self._unread = set(found.values_list("user_id", "kind", "subject_id"))
        self._invites = set(Invite.objects.usable().filter(id__in=topics).values_list("id", flat=True))
        self._online = presence.online(people)

    def turn(self, push: Push) -> None:
        """Once they have read where they were meant, a push is about what else has joined it."""
        place = (push.device.user_id, push.conversation_id)
        membership, other = self._memberships.get(place), self._messages.get(place)
        if push.kind not in Notice.NAMING or not membership or not other:
            return
        if (push.seq or 0) <= membership.last_read_seq < (other.seq or 0):
            push.kind, push.actor, push.message_id, push.seq = other.kind, other.actor, other.message_id, other.seq

    def turn_from_blocked(self, pushes: Collection[Push], unread: Unread) -> None:
        """Others may have written before somebody whom they block now: a push is about those, then."""
        hidden: dict[tuple[UUID, UUID], list[Push]] = defaultdict(list)
        for push in pushes:
            if push.conversation_id and push.kind in Notice.READ_WITH and self._is_of_blocked(push):
                hidden[push.device.user_id, push.conversation_id].append(push)
        for place, about in unread(hidden).items():
            for push in hidden.get(place, ()):
                push.kind, (push.actor, push.message_id, push.seq) = Kind.MESSAGE, about

    def _is_of_blocked(self, push: Push) -> bool:
        return (push.device.user_id, push.actor_id) in self._blocks

    def is_wanted(self, push: Push, moment: datetime) -> bool:
        user = push.device.user
        if not user.is_active or user.erase_at or self._is_of_blocked(push):
            return False
        if push.kind not in Notice.READ_WITH and (user.id, push.kind, push.topic) not in self._unread:
            return False
        if push.kind == Kind.INVITATION:
            return push.topic in self._invites
        return push.conversation_id is None or self._is_wanted_there(push, moment)

    def _is_wanted_there(self, push: Push, moment: datetime) -> bool:
        """Whether this person is told of that conversation."""
        membership = self._memberships.get((push.device.user_id, push.conversation_id))
        if membership is None:
            return False
        if push.kind not in Notice.ABOUT_MESSAGES:
            return True
        if membership.muted_until and membership.muted_until > moment:
            return False
        if not wants(push.kind, membership.notify, preference_of(push.device.user)):
            return False
        read = membership.last_read_seq if push.kind in Notice.READ_WITH else 0
        return (push.seq or 0) > max(membership.visible_from_seq, read)

    def later(self, push: Push, moment: datetime) -> datetime | None:
        """Until when it waits: for the end of the quiet hours, or for somebody who is online to read it there first."""
        if push.kind == Kind.SECURITY:
            return None
        if end := quiet_until(preference_of(push.device.user), moment):
            return end
        patience = timedelta(seconds=settings.PUSH_ONLINE_SECONDS)
        if push.device.user_id in self._online and moment < push.created_at + patience:
            return min(moment + LOOK_AGAIN, push.created_at + patience)
        return None
