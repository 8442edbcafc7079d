"""What clients send, in the words of both endpoints: bodies that forbid what they do not know, and moments in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from chatproject.common.errors import invalid

FARTHEST = timedelta(hours=16)
"""Offsets that PostgreSQL does not take; those of all places on Earth lie between -12 and +14 hours."""


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a client sends. A field that is not known is refused: whoever has mistyped its name would believe that it
    was heeded."""


ClientId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        description="Chosen by the client, another one for each; makes it safe to ask again after a lost answer.",
    ),
]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A moment in an answer: RFC 3339, UTC, with `Z`."""
Instant = Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A moment in a body, with its offset."""
B = TypeVar("B", bound=msgspec.Struct)


class Rule:
    """In the annotation of a field: a function that refuses (`invalid`) what the types cannot tell."""

    def __init__(self, check: Callable[[Any], object]) -> None:
        self.check = check


def moment_of(moment: datetime, field: str) -> datetime:
    """A moment in UTC. Refuses (`invalid`) one without an offset, with one that does not exist, or beyond all time."""
    offset = moment.utcoffset()
    if offset is None:
        raise invalid(field, "Name the offset, like Z.", "format")
    if abs(offset) >= FARTHEST:
        raise invalid(field, "There is no such offset from UTC.", "format")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise invalid(field, "This date is out of range.", "format") from None


def settle(body: B) -> B:
    """The body with its moments in UTC. Refuses (`invalid`) one that is none."""
    for name in _moments(type(body)):
        if isinstance(moment := getattr(body, name), datetime):
            setattr(body, name, moment_of(moment, name))
    return body


@cache
def _moments(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(struct) if datetime in kinds_in(field.type))


def kinds_in(kind: Any) -> list[Any]:
    """The types that a field may have, without what is said about them."""
    if get_origin(kind) is Annotated:
        return kinds_in(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [one for part in get_args(kind) for one in kinds_in(part)]
    return [kind]
