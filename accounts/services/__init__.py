"""Actions on accounts; nothing else writes them. Every action is one transaction and refuses with `Refusal`."""

from accounts.services.blocks import block, unblock
from accounts.services.codes import resend_code, resend_code_as_operator, resend_code_to
from accounts.services.deletion import begin_erasure, erase, request_deletion, request_deletion_of
from accounts.services.devices import forget_dead_device, forget_device, register_device
from accounts.services.emails import confirm_email_change, request_email_change
from accounts.services.name_index import index_names
from accounts.services.passwords import change_password, replace_password, reset_password
from accounts.services.people import (
    change_avatar,
    change_profile,
    change_profile_of,
    check_operator,
    create_operator,
    create_person,
)
from accounts.services.registration import register, verify
from accounts.services.sessions import (
    end_all_sessions,
    end_other_sessions,
    end_session,
    mark_received,
    open_session,
    refresh,
    touch,
)
from accounts.services.sign_in import login
from accounts.services.staff import appoint, outranks, refuse_unless_outranks
from accounts.services.suspension import end_session_of, end_sessions_of, restore, restore_due, suspend
from accounts.services.tickets import TICKET_SECONDS, issue_ticket, session_of_ticket

__all__ = [
    "TICKET_SECONDS",
    "appoint",
    "begin_erasure",
    "block",
    "change_avatar",
    "change_password",
    "change_profile",
    "change_profile_of",
    "check_operator",
    "confirm_email_change",
    "create_operator",
    "create_person",
    "end_all_sessions",
    "end_other_sessions",
    "end_session",
    "end_session_of",
    "end_sessions_of",
    "erase",
    "forget_dead_device",
    "forget_device",
    "index_names",
    "issue_ticket",
    "login",
    "mark_received",
    "open_session",
    "outranks",
    "refresh",
    "refuse_unless_outranks",
    "register",
    "register_device",
    "replace_password",
    "request_deletion",
    "request_deletion_of",
    "request_email_change",
    "resend_code",
    "resend_code_as_operator",
    "resend_code_to",
    "reset_password",
    "restore",
    "restore_due",
    "session_of_ticket",
    "suspend",
    "touch",
    "unblock",
    "verify",
]
