"""The events that are not stored: each replaces the one before."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import MyProfile, UserRef
from common.wire import Moment
from messaging.realtime.events.personal import MarkData, MeSeq


class Ephemeral(msgspec.Struct, tag_field="type", kw_only=True):
    ts: Moment


class DeliveredUpdated(Ephemeral, tag="delivered.updated", kw_only=True):
    """Everything up to this `seq` has arrived on a device of this person. So has everything before a message of theirs,
    which this event does not repeat."""

    conversation_id: UUID
    data: MarkData


class TypingUser(msgspec.Struct):
    id: UUID
    username: str


class TypingData(msgspec.Struct):
    users: list[TypingUser]


class TypingUpdated(Ephemeral, tag="typing.updated", kw_only=True):
    """Who is typing here now. Replaces the list before; valid for 6 seconds."""

    conversation_id: UUID
    data: TypingData


class PresenceData(msgspec.Struct):
    user_id: UUID
    is_online: bool
    last_seen: Moment | None


class PresenceUpdated(Ephemeral, tag="presence.updated", kw_only=True):
    """Whether a watched person is online."""

    data: PresenceData


class UserData(msgspec.Struct):
    user: UserRef


class UserUpdated(Ephemeral, tag="user.updated", kw_only=True):
    """Somebody I share a conversation with changed their name or picture; this replaces what I held. It is not sent in
    channels of more than 100 members: there, fetch people again with the members or with `users/{id}/`."""

    data: UserData


class Waiting(msgspec.Struct):
    messages: int
    conversations: int
    mentions: int


class Limits(msgspec.Struct):
    """What the server accepts: characters of content, bytes of metadata, of frames and of the largest file, files of a
    message, messages and frames per time."""

    content: int
    metadata_bytes: int
    frame_bytes: int
    upload_bytes: int
    attachments: int
    messages: str
    frames: str


class HelloConversation(msgspec.Struct):
    id: UUID
    seq: int
    visible_from_seq: Annotated[int, Meta(description="Drop what you hold up to here: you may not see it any more.")]
    unread_count: int
    mention_count: int
    last_read_seq: int


class HelloData(msgspec.Struct):
    user: MyProfile
    session_id: UUID
    epoch: str
    me_seq: MeSeq
    ping_interval: Annotated[int, Meta(description="Seconds after which a silent client should `ping`.")]
    limits: Limits
    unread: Waiting
    conversations: Annotated[
        list[HelloConversation], Meta(description="The 200 with the latest activity; `sync.complete` names all.")
    ]
    has_more: bool
    blocked_ids: Annotated[list[UUID], Meta(description="The people I block: collapse their messages.")]


class Hello(Ephemeral, tag="hello", kw_only=True):
    """The socket is signed in (or missed something): this replaces what I held. What comes after each `seq` is sent
    from here on; a `sync` sent at once is answered before anything newer."""

    data: HelloData


class SyncedConversation(msgspec.Struct):
    head: Annotated[int, Meta(description="Everything after this `seq` is sent from here on.")]
    has_more: bool


class SyncCompleteData(msgspec.Struct):
    conversations: dict[str, SyncedConversation]


class SyncComplete(Ephemeral, tag="sync.complete", kw_only=True):
    """Everything requested was sent. The first one after a `hello` names all my conversations: where `has_more`, read
    on with `log/` from the `seq` I hold, or from 0 where I hold none."""

    data: SyncCompleteData


class SyncResetData(msgspec.Struct):
    reason: str
    conversations: list[UUID] | UnsetType = UNSET


class SyncReset(Ephemeral, tag="sync.reset", kw_only=True):
    """These positions (all, or those of `conversations`) are not known here: fetch everything again."""

    data: SyncResetData
