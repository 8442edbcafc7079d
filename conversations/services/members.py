"""Coming, going and standing in a conversation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from common.action_limits import limited
from common.errors import Refusal, invalid, not_found
from common.publish import publish_outgrown
from conversations import hooks
from conversations.log import (
    Kind,
    append_change,
    member_frame,
    publish_change,
    publish_conversation_added,
    publish_conversation_removed,
    publish_own_settings,
)
from conversations.models import Ban, Conversation, Invite, Membership
from conversations.policy import may, may_act_on
from conversations.services.adding import decide_admission, invite_users
from conversations.services.edit import end_conversation
from conversations.services.locking import get_member, lock_conversation, lock_membership, refuse_frozen

Role = Membership.Role
GROUP_SIZE, ROSTER_SIZE = 1000, 100
"""The most members of a group; fewer in an end-to-end group, whose messages are sealed for every member's devices."""


@limited("RATE_CHANGES")
def add_members(actor: Membership, *, user_ids: list[UUID], role: str = Role.MEMBER) -> list[Membership]:
    """Add users to a group. Members stay as they are; users who want to be asked first are invited, as plain members.
    Only owners can give other roles. Returns the new memberships."""
    with transaction.atomic():
        actor = lock_membership(actor, "add_members")
        if role != Role.MEMBER and not may(actor, "change_roles"):
            raise Refusal("permission_denied")
        users = list(User.objects.active().filter(id__in=user_ids))
        if missing := set(user_ids) - {user.id for user in users}:
            raise invalid("user_ids", f"There is no user with the id {min(map(str, missing))}.")
        conversation = actor.conversation
        members = Membership.objects.live().filter(conversation=conversation, user__in=users).values("user")
        waiting = Invite.objects.usable().filter(conversation=conversation, person__in=users).values("person")
        users = list(User.objects.filter(id__in=user_ids).exclude(id__in=members).exclude(id__in=waiting))
        users.sort(key=lambda user: user_ids.index(user.id))
        if Ban.objects.filter(conversation=conversation, user__in=users).exists():
            raise Refusal("banned")
        added, invited = decide_admission(actor.user, users)
        if invited:  # at once, because inviting and adding lock some of them each
            User.objects.lock_all(user.id for user in users)
            invite_users(conversation, actor.user, invited)
        return create_memberships(conversation, added, role, actor.user)


@limited("RATE_CHANGES")
def join(actor: User, *, conversation_id: UUID) -> Membership:
    """Join a public channel; joining again changes nothing. Refuses `not_found` for anything but a channel."""
    with transaction.atomic():
        conversation = lock_conversation(conversation_id)
        if conversation.kind != Conversation.Kind.CHANNEL:
            raise not_found()
        create_memberships(conversation, [actor], Role.MEMBER, None)
    return Membership.objects.of(actor, conversation_id)


@limited("RATE_CHANGES")
def leave(actor: Membership) -> None:
    """Leave a conversation. The last owner can only leave as the last member."""
    with transaction.atomic():
        actor = lock_membership(actor, "leave")
        refuse_if_last_owner(actor)
        end_membership(actor, actor.user)


@limited("RATE_CHANGES")
def remove_member(actor: Membership, *, user_id: UUID) -> None:
    """Remove a member on whom the actor may act. From this seq on, nothing is delivered to their sockets."""
    with transaction.atomic():
        actor = lock_membership(actor, "remove_members")
        subject = get_member(actor.conversation, user_id)
        if not may_act_on(actor, subject):
            raise Refusal("permission_denied")
        refuse_if_last_owner(subject)
        end_membership(subject, actor.user)


@limited("RATE_CHANGES")
def change_role(actor: Membership, *, user_id: UUID, role: str) -> Membership:
    """Give a member another role. Only owners can do this, and one owner always remains."""
    with transaction.atomic():
        actor = lock_membership(actor, "change_roles")
        subject = get_member(actor.conversation, user_id)
        if role == subject.role:
            return subject
        if role != Role.OWNER:
            refuse_if_last_owner(subject)
        change_member(subject, actor.user, "role", role)
    return subject


@limited("RATE_CHANGES")
def silence_member(actor: Membership, *, user_id: UUID, until: datetime | None) -> Membership:
    """Silence a member on whom the actor may act until this moment; None lets them write again. Leaving and joining
    again does not end it. Refuses `permission_denied`, `not_found`, and `invalid` for the actor and for the past."""
    if until and until <= timezone.now():
        raise invalid("silenced_until", "Choose a time in the future.")
    with transaction.atomic():
        actor = lock_membership(actor, "silence_members")
        subject = get_member(actor.conversation, user_id)
        if subject.user == actor.user:
            raise invalid("silenced_until", "You cannot silence yourself.")
        if not may_act_on(actor, subject):
            raise Refusal("permission_denied")
        if subject.silenced_until != until:
            change_member(subject, actor.user, "silenced_until", until)
    return subject


def change_member(subject: Membership, actor: User | None, field: str, value: Any) -> None:
    """Change a field that all members see, under the lock, with the next seq of the log, and publish the change."""
    setattr(subject, field, value)
    subject.save(update_fields=[field])
    conversation = subject.conversation
    if field == "role" and value == Role.MEMBER:
        _delete_invites_of(subject)
    change = append_change(
        conversation, Kind.MEMBER_UPDATED, actor=actor, subject=subject.user, data={"changed": field}
    )
    publish_change(change, member_frame(change, subject))


@limited("RATE_CHANGES")
def edit_own_membership(actor: Membership, *, changes: dict[str, Any]) -> Membership:
    """Change the actor's own settings in a conversation, and publish them to the actor's devices. Only the nickname has
    a log entry, because all members see it. A change to the same values does nothing."""
    with transaction.atomic():
        conversation = lock_conversation(actor.conversation_id)
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
        publish_own_settings(actor, timezone.now())
    return actor


def create_memberships(
    conversation: Conversation,
    users: list[User],
    role: str,
    actor: User | None,
    *,
    notify: str = Membership.Notify.ALL,
) -> list[Membership]:
    """Make these users members of a locked conversation; those who already are stay as they are. Every new member gets
    in through this function. `notify` is the setting of those who were never members. A large channel has no log
    entries about it.

    Refuses all of them with `banned` if one of them is, `read_only` if the conversation is frozen, and `conflict` if a
    group would become too large."""
    now, added = timezone.now(), []
    former = {m.user_id: m for m in Membership.objects.filter(conversation=conversation, user__in=users)}
    newcomers = [user for user in users if user.id not in former or former[user.id].left_at]
    if Ban.objects.filter(conversation=conversation, user__in=newcomers).exists():
        raise Refusal("banned")
    if newcomers:
        refuse_frozen(conversation)
    refuse_if_too_large(conversation, conversation.member_count + len(newcomers))
    is_logged = conversation.is_small
    for user in newcomers:
        membership = former.get(user.id) or Membership(conversation=conversation, user=user, notify=notify)
        membership.conversation, membership.user = conversation, user
        membership.role, membership.joined_at, membership.left_at = role, now, None
        if is_logged:
            change = append_change(conversation, Kind.MEMBER_ADDED, actor=actor, subject=user)
            publish_change(change, member_frame(change, membership))
        _set_initial_marks(membership)
        membership.save()
        added.append(membership)
    _change_member_count(conversation, len(added))
    if is_logged and not conversation.is_small:
        publish_outgrown(conversation.id)
    if conversation.is_e2ee:
        hooks.roster_joined(conversation, newcomers)
    publish_conversation_added(added, now)
    if actor and added:
        hooks.members_added(conversation, [membership.user for membership in added], actor)
    return added


def refuse_if_too_large(conversation: Conversation, count: int) -> None:
    """Refuse (`conflict`) more members than a group can have."""
    most = ROSTER_SIZE if conversation.is_e2ee else GROUP_SIZE
    if conversation.kind == Conversation.Kind.GROUP and count > most:
        raise Refusal("conflict", f"This group can have at most {most} members.")


def _set_initial_marks(membership: Membership) -> None:
    """A new member has no unread messages. If the history starts with joining, they see nothing older."""
    conversation = membership.conversation
    if conversation.history == Conversation.History.JOINED:
        membership.visible_from_seq = conversation.seq
    membership.last_read_seq = membership.last_delivered_seq = conversation.seq
    membership.last_read_number = conversation.message_count


def end_membership(subject: Membership, actor: User | None) -> None:
    """End a membership under the lock. Members who leave a large channel have no log entry, because the log would be
    full of them. With the last member a group or channel ends, since later members would have no owner."""
    conversation, now = subject.conversation, timezone.now()
    subject.left_at = now
    subject.save(update_fields=["left_at"])
    _delete_invites_of(subject)
    _change_member_count(conversation, -1)
    if conversation.is_small or actor != subject.user:
        change = append_change(conversation, Kind.MEMBER_REMOVED, actor=actor, subject=subject.user)
        publish_change(change, member_frame(change, subject), removed=subject.user_id)
    if not (conversation.member_count or conversation.is_direct or conversation.is_lobby):
        end_conversation(conversation, actor)
    publish_conversation_removed([subject.user_id], conversation.id, now)


def _delete_invites_of(subject: Membership) -> None:
    """Delete the invite links of a member who may no longer invite, so that they do not work if they may again."""
    Invite.objects.filter(conversation=subject.conversation, created_by=subject.user_id).delete()


def _change_member_count(conversation: Conversation, by: int) -> None:
    conversation.member_count += by
    Conversation.objects.filter(id=conversation.id).update(member_count=F("member_count") + by)


def refuse_if_last_owner(subject: Membership) -> None:
    """Refuse (`last_owner`) to remove the last owner while there are other members."""
    if subject.role != Role.OWNER:
        return
    others = Membership.objects.live().filter(conversation=subject.conversation).exclude(user=subject.user)
    if others.exists() and not others.filter(role=Role.OWNER).exists():
        raise Refusal("last_owner")
