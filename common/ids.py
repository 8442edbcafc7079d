"""IDs are UUIDv7, so that new rows go to the end of an index."""

from uuid import UUID

from uuid_utils.compat import uuid7

from common.errors import not_found

__all__ = ["id_in_name", "parse_id", "uuid7"]


def parse_id(text: object) -> UUID:
    """The UUID that a client sent. Anything else cannot exist: refuses `not_found`."""
    try:
        return UUID(text) if isinstance(text, str) and len(text) == 36 else UUID("")
    except ValueError:
        raise not_found() from None


def id_in_name(name: str) -> UUID:
    """The ID that a file's name begins with; the nil UUID, which no row has, if the file is not ours."""
    try:
        return UUID(name[:36])
    except ValueError:
        return UUID(int=0)
