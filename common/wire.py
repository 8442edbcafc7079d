"""What clients send over REST and the socket: bodies without unknown fields, and times in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from common.errors import invalid

MAX_OFFSET = timedelta(hours=16)
"""PostgreSQL refuses offsets from here on. All time zones on Earth lie between -12 and +14 hours."""


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a client sends. Unknown fields are refused: otherwise a misspelt field would be ignored silently."""


ClientId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        description="Chosen by the client, unique per object. A request with the same one can safely be repeated.",
    ),
]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in a response: RFC 3339, UTC, with `Z`."""
Instant = Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in a body, with its offset."""
B = TypeVar("B", bound=msgspec.Struct)


class Check:
    """For the annotation of a field: a function that refuses (`invalid`) values that the type alone would allow."""

    def __init__(self, check: Callable[[Any], object]) -> None:
        self.check = check


def utc_moment(moment: datetime, field: str) -> datetime:
    """A time in UTC. Refuses (`invalid`) one without an offset, with an impossible offset, or out of range."""
    offset = moment.utcoffset()
    if offset is None:
        raise invalid(field, "Add the offset from UTC, like Z or +02:00.", "format")
    if abs(offset) >= MAX_OFFSET:
        raise invalid(field, "There is no such offset from UTC.", "format")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise invalid(field, "This date is out of range.", "format") from None


def normalize_moments(body: B) -> B:
    """The body with its times in UTC. Refuses (`invalid`) what `utc_moment` refuses."""
    for name in _moments(type(body)):
        if isinstance(moment := getattr(body, name), datetime):
            setattr(body, name, utc_moment(moment, name))
    return body


@cache
def _moments(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(struct) if datetime in types_in(field.type))


def types_in(kind: Any) -> list[Any]:
    """The types that a field may have, without their annotations."""
    if get_origin(kind) is Annotated:
        return types_in(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [option for part in get_args(kind) for option in types_in(part)]
    return [kind]
