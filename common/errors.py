"""Refusals: the one way in which any action says no, whichever endpoint called it."""

from collections.abc import Callable
from typing import Any

CODES: dict[str, tuple[int, str]] = {
    "invalid": (400, "The request is not valid."),
    "code_invalid": (400, "The code is wrong, expired or already used."),
    "position_unknown": (400, "The server does not know this position. Load a fresh snapshot."),
    "not_authenticated": (401, "Sign in first."),
    "invalid_credentials": (401, "The login or the password is wrong."),
    "token_invalid": (401, "The token is wrong or expired, or its session has ended."),
    "email_not_verified": (403, "Confirm your e-mail address first."),
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
    "conflict": (409, "This conflicts with the current state. Reload and try again."),
    "username_taken": (409, "This username is taken."),
    "idempotency_conflict": (409, "This client_id was already used for a different request."),
    "last_owner": (
        409,
        "You are the last owner. Make another member an owner first.",
    ),
    "stale_devices": (409, "The list of devices has changed. Fetch it and encrypt again."),
    "precondition_failed": (412, "This is not the version that your request expects. Load it again."),
    "too_large": (413, "This is too large."),
    "quota_exceeded": (413, "Your storage quota is used up."),
    "unsupported_media_type": (415, "This media type is not supported."),
    "range_not_satisfiable": (416, "The requested range is outside the file."),
    "rate_limited": (429, "Too many requests. Try again later."),
    "slow_mode": (429, "Slow mode: try again later."),
    "internal": (500, "Something went wrong on our side."),
    "unavailable": (503, "The service is not available right now. Try again."),
}
"""Every error code with its HTTP status and its default message."""


class Refusal(Exception):
    """An action was refused. Endpoints turn this into a problem document or an error reply.

    `errors` lists the wrong fields as `{"field", "code", "detail"}`; `retry_after` is in seconds; `roster` comes with
    `stale_devices`.
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
        self.status, message = CODES[code]
        self.detail = detail or message
        self.errors = errors or []
        self.retry_after = retry_after
        self.roster = roster
        super().__init__(f"{code}: {self.detail}")

    def as_dict(self) -> dict[str, Any]:
        """The error of a socket's reply: `{code, detail, errors, retry_after?, roster?}`."""
        error: dict[str, Any] = {"code": self.code, "detail": self.detail, "errors": self.errors}
        if self.retry_after is not None:
            error["retry_after"] = self.retry_after
        if self.roster is not None:
            error["roster"] = self.roster
        return error


class StorageUnavailable(OSError):
    """The file storage does not answer, or refuses. The message is a sentence."""


def invalid(field: str, detail: str, code: str = "invalid") -> Refusal:
    """A refusal that names one field of the body."""
    return Refusal("invalid", detail, errors=[{"field": field, "code": code, "detail": detail}])


def refuse_together(*checks: Callable[[], object]) -> list[Any]:
    """Run all checks and return their results. Refuses (`invalid`) with the errors of all of them, not only the
    first."""
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
    """The same refusal for what does not exist and for what the caller may not see."""
    return Refusal("not_found")
