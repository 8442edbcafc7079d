"""The deeds on notices, preferences and pushes."""

from notifications.services.notices import (
    forget_mentions,
    forget_message,
    forget_person,
    forget_reactions,
    notify,
    read_all,
    read_notice,
    tell,
    unread_counts,
)
from notifications.services.preferences import change_preferences
from notifications.services.pushes import queue, redrive

__all__ = [
    "change_preferences",
    "forget_mentions",
    "forget_message",
    "forget_person",
    "forget_reactions",
    "notify",
    "queue",
    "read_all",
    "read_notice",
    "redrive",
    "tell",
    "unread_counts",
]
