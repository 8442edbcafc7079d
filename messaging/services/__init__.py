"""The actions on messages and marks. HTTP, the socket, the console and the commands all call these."""

from messaging.services.attachments import publish_processed_upload
from messaging.services.edit import delete_message, edit_message
from messaging.services.marks import mark_delivered, mark_read, mark_thread_read
from messaging.services.pins import pin_message, unpin_message
from messaging.services.reactions import add_reaction, remove_reaction
from messaging.services.send import send_direct_message, send_message

__all__ = [
    "add_reaction",
    "delete_message",
    "edit_message",
    "mark_delivered",
    "mark_read",
    "mark_thread_read",
    "pin_message",
    "publish_processed_upload",
    "remove_reaction",
    "send_direct_message",
    "send_message",
    "unpin_message",
]
