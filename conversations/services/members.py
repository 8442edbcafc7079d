"""Coming, going and standing in a conversation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from chatproject.common.publish import announce_grown
from conversations import hooks
from conversations.log import (
    Kind,
    announce_added,
    announce_change,
    announce_own_settings,
    announce_removed,
    append,
    member_frame,
)
from conversations.models import Ban, Conversation, Invite, Membership
from conversations.policy import may, may_act_on
from conversations.services.adding import admit, invite
from conversations.services.edit import end
from conversations.services.locking import lock, lock_for, member_of, refuse_frozen

Role = Membership.Role
GROUP_SIZE, ROSTER_SIZE = 1000, 100
"""The members of a group at most; of one that is end to end, where every message is sealed for each device of each."""


@limited("RATE_CHANGES")
def add_members(actor: Membership, *, user_ids: list[UUID], role: str = Role.MEMBER) -> list[Membership]:
    """Add people to a group; those who are in it already stay as they are, and whoever wants to be asked first is
    invited, to be a member. Only owners give other roles. Returns who has entered."""
    with transaction.atomic():
        actor = lock_for(actor, "add_members")
        if role != Role.MEMBER and not may(actor, "change_roles"):
            raise Refusal("permission_denied")
        people = list(User.objects.active().filter(id__in=user_ids))
        if missing := set(user_ids) - {user.id for user in people}:
            raise invalid("user_ids", f"No such person: {min(map(str, missing))}")
        conversation = actor.conversation
        here = Membership.objects.live().filter(conversation=conversation, user__in=people).values("user")
        waiting = Invite.objects.usable().filter(conversation=conversation, person__in=people).values("person")
        people = list(User.objects.filter(id__in=user_ids).exclude(id__in=here).exclude(id__in=waiting))
        people.sort(key=lambda user: user_ids.index(user.id))
        if Ban.objects.filter(conversation=conversation, user__in=people).exists():
            raise Refusal("banned")
        entering, asked = admit(actor.user, people)
        if asked:  # all at once: inviting and entering lock some of them each
            User.objects.lock_all(user.id for user in people)
            invite(conversation, actor.user, asked)
        return enter(conversation, entering, role, actor.user)


@limited("RATE_CHANGES")
def join(actor: User, *, conversation_id: UUID) -> Membership:
    """Join a public channel. Joining again changes nothing. What is no channel cannot be found."""
    with transaction.atomic():
        conversation = lock(conversation_id)
        if conversation.kind != Conversation.Kind.CHANNEL:
            raise not_found()
        enter(conversation, [actor], Role.MEMBER, None)
    return Membership.objects.of(actor, conversation_id)


@limited("RATE_CHANGES")
def leave(actor: Membership) -> None:
    """Leave; the last owner can only go as the last member."""
    with transaction.atomic():
        actor = lock_for(actor, "leave")
        keep_an_owner(actor)
        go(actor, actor.user)


@limited("RATE_CHANGES")
def remove_member(actor: Membership, *, user_id: UUID) -> None:
    """Remove somebody whom the actor's role reaches. Their open sockets hear nothing from this place on."""
    with transaction.atomic():
        actor = lock_for(actor, "remove_members")
        subject = member_of(actor.conversation, user_id)
        if not may_act_on(actor, subject):
            raise Refusal("permission_denied")
        keep_an_owner(subject)
        go(subject, actor.user)


@limited("RATE_CHANGES")
def change_role(actor: Membership, *, user_id: UUID, role: str) -> Membership:
    """Give a member another role: owners only, and an owner always remains."""
    with transaction.atomic():
        actor = lock_for(actor, "change_roles")
        subject = member_of(actor.conversation, user_id)
        if role == subject.role:
            return subject
        if role != Role.OWNER:
            keep_an_owner(subject)
        change_member(subject, actor.user, "role", role)
    return subject


@limited("RATE_CHANGES")
def silence_member(actor: Membership, *, user_id: UUID, until: datetime | None) -> Membership:
    """Let a member whom the actor's role reaches not write until this moment; None lets them write again. Going and
    coming back does not end it. Refuses `permission_denied`, `not_found`, and `invalid` for oneself or the past."""
    if until and until <= timezone.now():
        raise invalid("silenced_until", "This moment has passed.")
    with transaction.atomic():
        actor = lock_for(actor, "silence_members")
        subject = member_of(actor.conversation, user_id)
        if subject.user == actor.user:
            raise invalid("silenced_until", "You cannot silence yourself.")
        if not may_act_on(actor, subject):
            raise Refusal("permission_denied")
        if subject.silenced_until != until:
            change_member(subject, actor.user, "silenced_until", until)
    return subject


def change_member(subject: Membership, actor: User | None, field: str, value: Any) -> None:
    """Write a field of a member that everybody sees, under the lock, at the next place of the log, and tell it."""
    setattr(subject, field, value)
    subject.save(update_fields=[field])
    conversation = subject.conversation
    if field == "role" and value == Role.MEMBER:
        _end_invites_of(subject)
    change = append(conversation, Kind.MEMBER_UPDATED, actor=actor, subject=subject.user, data={"changed": field})
    announce_change(change, member_frame(change, subject))


@limited("RATE_CHANGES")
def edit_own_membership(actor: Membership, *, changes: dict[str, Any]) -> Membership:
    """One's own settings in a conversation, told to one's own devices. Only the nickname is everybody's to see, so only
    it takes a place. What is so already is told nobody."""
    with transaction.atomic():
        conversation = lock(actor.conversation_id)
        actor = Membership.objects.of(actor.user, conversation.id)
        actor.conversation = conversation
        changes = {name: value for name, value in changes.items() if getattr(actor, name) != value}
        if not changes:
            return actor
        if "nickname" in changes:
            refuse_frozen(conversation)
        for name, value in changes.items():
            setattr(actor, name, value)
        actor.save(update_fields=changes.keys() - {"nickname"})
        if "nickname" in changes:
            change_member(actor, actor.user, "nickname", actor.nickname)
        announce_own_settings(actor, timezone.now())
    return actor


def enter(
    conversation: Conversation,
    people: list[User],
    role: str,
    actor: User | None,
    *,
    notify: str = Membership.Notify.ALL,
) -> list[Membership]:
    """Make these people members of a locked conversation, the only way in; those who are already are passed over.
    `notify` is what those are told of who were never in it. In a channel it is told while that is small.

    Refuses all of them with `banned` when one is, `read_only` where it is frozen, and `conflict` when a group would
    grow too large."""
    now, entered = timezone.now(), []
    known = {m.user_id: m for m in Membership.objects.filter(conversation=conversation, user__in=people)}
    newcomers = [user for user in people if user.id not in known or known[user.id].left_at]
    if Ban.objects.filter(conversation=conversation, user__in=newcomers).exists():
        raise Refusal("banned")
    if newcomers:
        refuse_frozen(conversation)
    refuse_crowd(conversation, conversation.member_count + len(newcomers))
    is_told = conversation.is_small
    for user in newcomers:
        membership = known.get(user.id) or Membership(conversation=conversation, user=user, notify=notify)
        membership.conversation, membership.user = conversation, user
        membership.role, membership.joined_at, membership.left_at = role, now, None
        if is_told:
            change = append(conversation, Kind.MEMBER_ADDED, actor=actor, subject=user)
            announce_change(change, member_frame(change, membership))
        _begin_view(membership)
        membership.save()
        entered.append(membership)
    _count(conversation, len(entered))
    if is_told and not conversation.is_small:
        announce_grown(conversation.id)
    if conversation.is_e2ee:
        hooks.roster_joined(conversation, newcomers)
    announce_added(entered, now)
    if actor and entered:
        hooks.members_added(conversation, [membership.user for membership in entered], actor)
    return entered


def refuse_crowd(conversation: Conversation, count: int) -> None:
    """Refuse (`conflict`) more members than a group may have."""
    most = ROSTER_SIZE if conversation.is_e2ee else GROUP_SIZE
    if conversation.kind == Conversation.Kind.GROUP and count > most:
        raise Refusal("conflict", f"This group has at most {most} members.")


def _begin_view(membership: Membership) -> None:
    """A newcomer has nothing unread; where history begins with joining, they see nothing older."""
    conversation = membership.conversation
    if conversation.history == Conversation.History.JOINED:
        membership.visible_from_seq = conversation.seq
    membership.last_read_seq = membership.last_delivered_seq = conversation.seq
    membership.last_read_number = conversation.message_count


def go(subject: Membership, actor: User | None) -> None:
    """End a membership under the lock. Leaving a large channel by oneself takes no place: it would drown in them. With
    the last member a group or a channel ends: whoever came later would have no owner, and nobody to become one."""
    conversation, now = subject.conversation, timezone.now()
    subject.left_at = now
    subject.save(update_fields=["left_at"])
    _end_invites_of(subject)
    _count(conversation, -1)
    if conversation.is_small or actor != subject.user:
        change = append(conversation, Kind.MEMBER_REMOVED, actor=actor, subject=subject.user)
        announce_change(change, member_frame(change, subject), removed=subject.user_id)
    if not (conversation.member_count or conversation.is_direct or conversation.is_lobby):
        end(conversation, actor)
    announce_removed([subject.user_id], conversation.id, now)


def _end_invites_of(subject: Membership) -> None:
    """Whoever may invite no longer leaves no links behind, also if they may again one day."""
    Invite.objects.filter(conversation=subject.conversation, created_by=subject.user_id).delete()


def _count(conversation: Conversation, by: int) -> None:
    conversation.member_count += by
    Conversation.objects.filter(id=conversation.id).update(member_count=F("member_count") + by)


def keep_an_owner(subject: Membership) -> None:
    """Refuse (`last_owner`) to take away the last owner while others are in the conversation."""
    if subject.role != Role.OWNER:
        return
    others = Membership.objects.live().filter(conversation=subject.conversation).exclude(user=subject.user)
    if others.exists() and not others.filter(role=Role.OWNER).exists():
        raise Refusal("last_owner")
