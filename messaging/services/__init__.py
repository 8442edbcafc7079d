"""The deeds on messages and marks, the same whatever the door."""

from messaging.services.change import delete_message, edit_message
from messaging.services.marks import mark_delivered, mark_read
from messaging.services.send import send_direct_message, send_message

__all__ = [
    "delete_message",
    "edit_message",
    "mark_delivered",
    "mark_read",
    "send_direct_message",
    "send_message",
]
