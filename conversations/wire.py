"""Conversations and members as clients send and receive them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import UserRef, person
from common.clock import rfc3339
from common.text import LINE, LINES
from common.wire import Body, ClientId, Instant, Moment
from conversations.models import Ban, Conversation, Membership

Name = Annotated[str, Meta(min_length=1, max_length=100, extra=LINE)]
Description = Annotated[str, Meta(max_length=1000, extra=LINES)]
SlowMode = Annotated[
    int, Meta(ge=0, le=21_600, description="Seconds between two messages of a member; 0 turns it off.")
]
UserIds = Annotated[list[UUID], Meta(max_length=100)]


class NewConversation(Body):
    """`kind` "direct" with `user_id`; or "group" or "channel" with `name` and, for groups, the first members. Users who
    want to be asked first (`who_can_add_me`), or whom many strangers have added lately, get an invitation instead. They
    are not counted in the `member_count` of the answer; `invites/` lists them."""

    kind: Literal["direct", "group", "channel"]
    user_id: UUID | None = None
    name: Name | None = None
    description: Description = ""
    member_ids: UserIds = []
    encryption: Annotated[
        Literal["server", "e2ee"],
        Meta(description="Cannot be changed. Channels are `server`; two users may have one of each."),
    ] = "server"
    history: Literal["all", "joined"] = "all"
    members_can_invite: bool = False
    client_id: ClientId | None = None


class ConversationChange(Body):
    """The fields to change; absent fields stay as they are."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    members_can_invite: bool | UnsetType = UNSET
    is_read_only: bool | UnsetType = UNSET
    slow_mode_seconds: SlowMode | UnsetType = UNSET


class NewBan(Body):
    """The user to ban, and the reason."""

    user_id: UUID
    reason: Annotated[str, Meta(max_length=500, extra=LINES)] = ""


class NewInvite(Body):
    """A new invite link: until when it is valid, and how often it can be used. Without either it is valid until it is
    deleted. With a `user_id` only this user can use it, once, and they are notified."""

    expires_at: Instant | None = None
    max_uses: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    user_id: UUID | None = None
    client_id: ClientId | None = None


class NewMembers(Body):
    """One user (`user_id`) or several (`user_ids`), and the role they get. Users who want to be asked first
    (`who_can_add_me`), or whom many strangers have added lately, get an invitation instead. They are not in the answer,
    and neither are users who are already members or invited."""

    user_id: UUID | None = None
    user_ids: UserIds = []
    role: Literal["owner", "admin", "member"] = "member"


class MemberChange(Body):
    """`role` or `silenced_until` (until then they cannot write) for other members, the other fields for yourself.
    Absent fields stay as they are."""

    role: Literal["owner", "admin", "member"] | UnsetType = UNSET
    silenced_until: Instant | UnsetType | None = UNSET
    nickname: Annotated[str, Meta(max_length=50, extra=LINE)] | UnsetType = UNSET
    muted_until: Instant | UnsetType | None = UNSET
    notify: Literal["all", "mentions", "none"] | UnsetType = UNSET
    is_pinned: bool | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    is_marked_unread: bool | UnsetType = UNSET


class Member(msgspec.Struct):
    """A member of a conversation, as every member sees them. If `silenced_until` is in the future, they cannot write
    until then."""

    user: UserRef
    role: str
    nickname: str
    joined_at: Moment
    silenced_until: Moment | None


class BanState(msgspec.Struct):
    """A banned user, who banned them, and why."""

    user: UserRef
    banned_by: UserRef | None
    reason: str
    created_at: Moment


class InviteState(msgspec.Struct):
    """An invite link to a conversation. If there is a `user`, only they can use it."""

    token: str
    expires_at: Moment | None
    max_uses: int | None
    uses: int
    user: UserRef | None
    created_by: UserRef
    created_at: Moment


class OwnMembership(msgspec.Struct):
    """The caller's own membership. The marks and `visible_from_seq` are seqs in the log. If `silenced_until` is in the
    future, the caller cannot write until then; after that the capabilities change without an event."""

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
    """A conversation as every member sees it; the one in an event replaces your copy. If it `is_frozen`, members can
    only read and leave until the operators unfreeze it. If it is `e2ee`, `roster_seq` is the seq at which the members
    or their devices last changed; seal messages for that roster."""

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


def member_state(membership: Membership) -> Member:
    """A membership as every member sees it. Needs its `user`."""
    return Member(
        user=person(membership.user),
        role=membership.role,
        nickname=membership.nickname,
        joined_at=rfc3339(membership.joined_at),
        silenced_until=_moment(membership.silenced_until),
    )


def ban_state(ban: Ban) -> BanState:
    """A ban as clients see it. Needs both users."""
    by = person(ban.banned_by) if ban.banned_by else None
    return BanState(person(ban.user), by, ban.reason, rfc3339(ban.created_at))


def own_membership(membership: Membership, now: datetime) -> OwnMembership:
    """A membership as the member themselves sees it."""
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


def encode_event(type_: str, data: Any, moment: datetime, **position: Any) -> bytes:
    """Encode an event. `position` is `conversation_id` and `seq` for durable events, `me_seq` for personal ones."""
    return msgspec.json.encode({"type": type_, **position, "ts": rfc3339(moment), "data": data})
