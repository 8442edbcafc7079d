"""What can be done with accounts: the only writers. Every deed is one transaction and refuses with `Refusal`."""

from accounts.services.people import change_profile, create_operator, create_person, restore, suspend
from accounts.services.registration import register, resend_code, verify
from accounts.services.sessions import end_all_sessions, end_other_sessions, end_session, open_session, refresh, touch
from accounts.services.sign_in import login
from accounts.services.tickets import TICKET_SECONDS, issue_ticket, session_of_ticket

__all__ = [
    "TICKET_SECONDS",
    "change_profile",
    "create_operator",
    "create_person",
    "end_all_sessions",
    "end_other_sessions",
    "end_session",
    "issue_ticket",
    "login",
    "open_session",
    "refresh",
    "register",
    "resend_code",
    "restore",
    "session_of_ticket",
    "suspend",
    "touch",
    "verify",
]
