"""Every event that the server sends. The AsyncAPI document is generated from these structs. What the hot path writes as
prepared bytes has the same shape: a test decodes it into them."""

from messaging.realtime.events.answers import ErrorFrame, Pong, Reply
from messaging.realtime.events.durable import (
    ConversationDeleted,
    ConversationUpdated,
    LogSkipped,
    MemberAdded,
    MemberRemoved,
    MemberUpdated,
    MessageCreated,
    MessageDeleted,
    MessagePinned,
    MessageUnpinned,
    MessageUpdated,
    ReactionAdded,
    ReactionRemoved,
)
from messaging.realtime.events.ephemeral import (
    DeliveredUpdated,
    Hello,
    PresenceUpdated,
    SyncComplete,
    SyncReset,
    TypingUpdated,
    UserUpdated,
)
from messaging.realtime.events.personal import (
    ConversationAdded,
    ConversationRemoved,
    KeyChanged,
    NotificationCreated,
    NotificationRead,
    ReadUpdated,
    ThreadRead,
)

EVENTS = (
    Hello
    | Reply
    | ErrorFrame
    | Pong
    | MessageCreated
    | MessageUpdated
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | MessagePinned
    | MessageUnpinned
    | MemberAdded
    | MemberUpdated
    | MemberRemoved
    | ConversationUpdated
    | ConversationDeleted
    | LogSkipped
    | ConversationAdded
    | ConversationRemoved
    | ReadUpdated
    | ThreadRead
    | NotificationCreated
    | NotificationRead
    | KeyChanged
    | DeliveredUpdated
    | TypingUpdated
    | PresenceUpdated
    | UserUpdated
    | SyncComplete
    | SyncReset
)
