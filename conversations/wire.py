"""Conversations and members as they go over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import UserRef, person
from chatproject.common.clock import rfc3339
from chatproject.common.text import LINE, LINES
from chatproject.common.wire import Body, ClientId, Instant, Moment
from conversations.models import Ban, Conversation, Membership

Name = Annotated[str, Meta(min_length=1, max_length=100, extra=LINE)]
Description = Annotated[str, Meta(max_length=1000, extra=LINES)]
SlowMode = Annotated[int, Meta(ge=0, le=21_600, description="Seconds between two messages of a member; 0: none.")]
UserIds = Annotated[list[UUID], Meta(max_length=100)]


class NewConversation(Body):
    """`kind` "direct" with `user_id`; "group" or "channel" with `name` and, for groups, the first members. Whoever
    wants to be asked first (`who_can_add_me`), or was added by many strangers lately, gets an invitation instead: they
    are not in the `member_count` of the answer, and `invites/` has them."""

    kind: Literal["direct", "group", "channel"]
    user_id: UUID | None = None
    name: Name | None = None
    description: Description = ""
    member_ids: UserIds = []
    encryption: Annotated[
        Literal["server", "e2ee"], Meta(description="For ever. Channels are `server`; two people may have one of each.")
    ] = "server"
    history: Literal["all", "joined"] = "all"
    members_can_invite: bool = False
    client_id: ClientId | None = None


class ConversationChange(Body):
    """What changes; absent fields stay."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    members_can_invite: bool | UnsetType = UNSET
    is_read_only: bool | UnsetType = UNSET
    slow_mode_seconds: SlowMode | UnsetType = UNSET


class NewBan(Body):
    """Somebody who is to stay out, and why."""

    user_id: UUID
    reason: Annotated[str, Meta(max_length=500, extra=LINES)] = ""


class NewInvite(Body):
    """A link into the conversation: until when, and for how many. Without either it holds until it is deleted. With a
    `user_id` it is for this person alone, once, and they are told of it."""

    expires_at: Instant | None = None
    max_uses: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    user_id: UUID | None = None
    client_id: ClientId | None = None


class NewMembers(Body):
    """One person (`user_id`) or several (`user_ids`), and the role they get. Whoever wants to be asked first
    (`who_can_add_me`), or was added by many strangers lately, gets an invitation instead and is not in the answer; so
    does nobody who is a member or invited already."""

    user_id: UUID | None = None
    user_ids: UserIds = []
    role: Literal["owner", "admin", "member"] = "member"


class MemberChange(Body):
    """`role` or `silenced_until`, until when they may not write, for others; the rest for oneself. Absent fields
    stay."""

    role: Literal["owner", "admin", "member"] | UnsetType = UNSET
    silenced_until: Instant | UnsetType | None = UNSET
    nickname: Annotated[str, Meta(max_length=50, extra=LINE)] | UnsetType = UNSET
    muted_until: Instant | UnsetType | None = UNSET
    notify: Literal["all", "mentions", "none"] | UnsetType = UNSET
    is_pinned: bool | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    is_marked_unread: bool | UnsetType = UNSET


class Member(msgspec.Struct):
    """A person in a conversation, as every member sees them. Until `silenced_until`, if it is still to come, they may
    not write."""

    user: UserRef
    role: str
    nickname: str
    joined_at: Moment
    silenced_until: Moment | None


class BanState(msgspec.Struct):
    """Somebody who may not come back, by whom and why."""

    user: UserRef
    banned_by: UserRef | None
    reason: str
    created_at: Moment


class InviteState(msgspec.Struct):
    """A link into a conversation; for `user` alone, if it names one."""

    token: str
    expires_at: Moment | None
    max_uses: int | None
    uses: int
    user: UserRef | None
    created_by: UserRef
    created_at: Moment


class OwnMembership(msgspec.Struct):
    """The caller's own place in a conversation; marks and the begin of the view are places in its log. Until
    `silenced_until`, if it is still to come, the caller may not write: then the capabilities change by themselves."""

    role: str
    nickname: str
    silenced_until: Moment | None
    is_muted: bool
    muted_until: Moment | None
    notify: str
    is_pinned: bool
    is_archived: bool
    is_marked_unread: bool
    visible_from_seq: int
    last_read_seq: int
    last_delivered_seq: int


class ConversationState(msgspec.Struct):
    """A conversation as it looks to every member; in events this replaces what one held. Where it `is_frozen`, nobody
    writes, edits, reacts or comes in until the operators let them; one may read, and leave. `roster_seq` is the place
    at which the members or their devices last changed, where it is `e2ee`: messages are sealed for that."""

    id: UUID
    kind: str
    name: str
    description: str
    avatar_url: str | None
    encryption: str
    history: str
    members_can_invite: bool
    is_read_only: bool
    is_frozen: bool
    slow_mode_seconds: int
    seq: int
    roster_seq: int
    member_count: int
    created_at: Moment


def member(membership: Membership) -> Member:
    """A membership, with its `user` at hand, as every member sees it."""
    return Member(
        user=person(membership.user),
        role=membership.role,
        nickname=membership.nickname,
        joined_at=rfc3339(membership.joined_at),
        silenced_until=_moment(membership.silenced_until),
    )


def ban_state(ban: Ban) -> BanState:
    """A ban, with both people at hand."""
    by = person(ban.banned_by) if ban.banned_by else None
    return BanState(person(ban.user), by, ban.reason, rfc3339(ban.created_at))


def own_membership(membership: Membership, now: datetime) -> OwnMembership:
    """A membership as its owner sees it."""
    muted = membership.muted_until
    return OwnMembership(
        role=membership.role,
        nickname=membership.nickname,
        silenced_until=_moment(membership.silenced_until),
        is_muted=muted is not None and muted > now,
        muted_until=_moment(muted),
        notify=membership.notify,
        is_pinned=membership.is_pinned,
        is_archived=membership.is_archived,
        is_marked_unread=membership.is_marked_unread,
        visible_from_seq=membership.visible_from_seq,
        last_read_seq=membership.last_read_seq,
        last_delivered_seq=membership.last_delivered_seq,
    )


def conversation_state(conversation: Conversation) -> ConversationState:
    """A conversation as every member sees it."""
    return ConversationState(
        id=conversation.id,
        kind=conversation.kind,
        name=conversation.name,
        description=conversation.description,
        avatar_url=conversation.avatar_url or None,
        encryption=conversation.encryption,
        history=conversation.history,
        members_can_invite=conversation.members_can_invite,
        is_read_only=conversation.is_read_only,
        is_frozen=conversation.is_frozen,
        slow_mode_seconds=conversation.slow_mode_seconds,
        seq=conversation.seq,
        roster_seq=conversation.roster_seq,
        member_count=conversation.member_count,
        created_at=rfc3339(conversation.created_at),
    )


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def event(type_: str, data: Any, moment: datetime, **place: Any) -> bytes:
    """An event frame. `place` is `conversation_id` and `seq` for durable ones, `me_seq` for personal ones."""
    return msgspec.json.encode({"type": type_, **place, "ts": rfc3339(moment), "data": data})
