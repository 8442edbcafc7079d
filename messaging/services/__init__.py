"""The deeds on messages and marks, the same whatever the door."""

from messaging.services.attachments import tell_processed
from messaging.services.cases import NEEDED_TO_OPEN, Case, open_case, read_case
from messaging.services.change import delete_message, edit_message
from messaging.services.decisions import decide_report
from messaging.services.filters import change_filter, create_filter, delete_filter, refuse_broad, share_met
from messaging.services.marks import mark_delivered, mark_read, mark_thread_read
from messaging.services.pins import pin_message, unpin_message
from messaging.services.reactions import add_reaction, remove_reaction
from messaging.services.reports import report_message, report_person
from messaging.services.send import send_direct_message, send_message

__all__ = [
    "NEEDED_TO_OPEN",
    "Case",
    "add_reaction",
    "change_filter",
    "create_filter",
    "decide_report",
    "delete_filter",
    "delete_message",
    "edit_message",
    "mark_delivered",
    "mark_read",
    "mark_thread_read",
    "open_case",
    "pin_message",
    "read_case",
    "refuse_broad",
    "remove_reaction",
    "report_message",
    "report_person",
    "send_direct_message",
    "send_message",
    "share_met",
    "tell_processed",
    "unpin_message",
]
