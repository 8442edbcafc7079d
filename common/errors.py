"""Refusals: the one way in which any deed says no, whatever the door."""

from collections.abc import Callable
from typing import Any

CODES: dict[str, tuple[int, str]] = {
    "invalid": (400, "The request is not valid."),
    "code_invalid": (400, "The code is wrong, used up or expired."),
    "position_unknown": (400, "The server does not know this position; take a fresh snapshot."),
    "not_authenticated": (401, "Sign in first."),
    "invalid_credentials": (401, "The login or the password is wrong."),
    "token_invalid": (401, "The token is wrong, expired or its session has ended."),
    "email_not_verified": (403, "Confirm the e-mail address first."),
    "account_suspended": (403, "This account is suspended."),
    "permission_denied": (403, "Your role does not allow this."),
    "blocked": (403, "This person does not accept messages from you."),
    "banned": (403, "You are banned from this conversation."),
    "read_only": (403, "This conversation is read-only."),
    "content_refused": (403, "This content is not accepted here."),
    "edit_window_closed": (403, "This message can no longer be edited."),
    "reauthentication_required": (403, "Sign in again to do this."),
    "not_found": (404, "Not found."),
    "method_not_allowed": (405, "This method is not allowed here."),
    "conflict": (409, "This conflicts with the present state."),
    "username_taken": (409, "This username is taken."),
    "idempotency_conflict": (409, "This client_id was used for something else."),
    "last_owner": (409, "The last owner cannot go while others are in the conversation."),
    "stale_devices": (409, "The list of devices has changed."),
    "precondition_failed": (412, "The precondition does not hold."),
    "too_large": (413, "This is too large."),
    "quota_exceeded": (413, "The quota is used up."),
    "unsupported_media_type": (415, "This media type is not supported."),
    "range_not_satisfiable": (416, "The range cannot be satisfied."),
    "rate_limited": (429, "Too many requests; try again later."),
    "slow_mode": (429, "Slow mode: try again later."),
    "internal": (500, "Something went wrong on our side."),
    "unavailable": (503, "The service is not available right now; try again."),
}
"""Every error code: its HTTP status and its default sentence."""


class Refusal(Exception):
    """A deed was refused. Doors turn it into a problem document or a failed reply.

    `errors` names the fields at fault as `{"field", "code", "detail"}`; `retry_after` is in seconds; `roster` is what
    `stale_devices` says besides.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: list[dict[str, str]] | None = None,
        retry_after: float | None = None,
        roster: dict[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.status, sentence = CODES[code]
        self.detail = detail or sentence
        self.errors = errors or []
        self.retry_after = retry_after
        self.roster = roster
        super().__init__(f"{code}: {self.detail}")

    def as_dict(self) -> dict[str, Any]:
        """What the socket shows of it: `{code, detail, errors, retry_after?, roster?}`."""
        shown: dict[str, Any] = {"code": self.code, "detail": self.detail, "errors": self.errors}
        if self.retry_after is not None:
            shown["retry_after"] = self.retry_after
        if self.roster is not None:
            shown["roster"] = self.roster
        return shown


class StorageFails(OSError):
    """Where files are stored does not answer, or refuses. The message is a sentence."""


def invalid(field: str, detail: str, code: str = "invalid") -> Refusal:
    """A refusal that names one field of the body."""
    return Refusal("invalid", detail, errors=[{"field": field, "code": code, "detail": detail}])


def refuse_together(*checks: Callable[[], object]) -> list[Any]:
    """What the checks return. Refuses (`invalid`) with all that any of them names, not only the first."""
    found: list[Any] = []
    errors: list[dict[str, str]] = []
    last = ""
    for check in checks:
        try:
            found.append(check())
        except Refusal as refusal:
            if refusal.code != "invalid":
                raise
            errors += refusal.errors
            last = refusal.detail
    if errors:
        raise Refusal("invalid", last if len(errors) == 1 else "", errors=errors)
    return found


def not_found() -> Refusal:
    """The answer to strangers, the same for what does not exist and for what is not theirs."""
    return Refusal("not_found")
