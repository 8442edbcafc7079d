"""Identifiers: UUIDv7, so that new rows land at the end of an index."""

from uuid import UUID

from uuid_utils.compat import uuid7

from chatproject.common.errors import not_found

__all__ = ["id_in_name", "parse_id", "uuid7"]


def parse_id(text: object) -> UUID:
    """The UUID that a client named. What is no UUID cannot exist: `not_found`."""
    try:
        return UUID(text) if isinstance(text, str) and len(text) == 36 else UUID("")
    except ValueError:
        raise not_found() from None


def id_in_name(name: str) -> UUID:
    """The id with which the name of a file begins; the nil UUID, which nothing has, where it is another's file."""
    try:
        return UUID(name[:36])
    except ValueError:
        return UUID(int=0)
