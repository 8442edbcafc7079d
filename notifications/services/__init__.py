"""The actions on notices, preferences and pushes."""

from notifications.services.notices import (
    forget_mentions,
    forget_message,
    forget_person,
    forget_reactions,
    notify,
    publish_notices,
    read_all,
    read_notice,
    unread_counts,
)
from notifications.services.preferences import change_preferences
from notifications.services.pushes import queue_pushes, redrive_pushes

__all__ = [
    "change_preferences",
    "forget_mentions",
    "forget_message",
    "forget_person",
    "forget_reactions",
    "notify",
    "publish_notices",
    "queue_pushes",
    "read_all",
    "read_notice",
    "redrive_pushes",
    "unread_counts",
]
