"""The answers to frames."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from common.openapi import FieldError
from encryption.wire import StaleRoster


class Error(msgspec.Struct):
    """Why something was refused. `retry_after` is in seconds; `roster` comes with `stale_devices`."""

    code: str
    detail: str
    errors: list[FieldError]
    retry_after: float | UnsetType = UNSET
    roster: StaleRoster | UnsetType = UNSET


class Reply(msgspec.Struct, tag_field="type", tag="reply"):
    """The one answer to a frame with this `id`: `data` when `ok`, else `error`."""

    id: str | int
    ok: bool
    data: Any = UNSET
    error: Error | UnsetType = UNSET


class ErrorFrame(msgspec.Struct, tag_field="type", tag="error"):
    """A frame without a usable `id` was refused, or signing in was: too many did at once (`unavailable`)."""

    error: Error


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to `ping`."""
