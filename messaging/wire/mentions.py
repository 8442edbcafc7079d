"""Who is named in a message: `@name` for members, `@all` for everybody where the sender's role allows it."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from chatproject.common.text import addressings_in
from conversations.models import Membership

MENTIONS = 50
ALL = "all"


class Named(NamedTuple):
    """What a message says of whom it names: for each `@name` the keys of usernames that it may be, the longest first;
    ids its sender declares, and whether `@all`."""

    names: tuple[tuple[str, ...], ...]
    ids: tuple[UUID, ...]
    is_all: bool


def named_in(content: str, declared: Iterable[UUID] = ()) -> Named:
    """Read the names out of a text, at most `MENTIONS`, in one pass whatever stands in it."""
    names: dict[tuple[str, ...], None] = {}
    is_all = False
    for addressing in addressings_in(content):
        keys = tuple(key for _, key in addressing.names)
        is_all |= ALL in keys
        if keys != (ALL,):
            names[keys] = None
        if len(names) > MENTIONS:
            break
    return Named(tuple(names)[:MENTIONS], tuple(dict.fromkeys(declared)), is_all)


class Members:
    """The members of some conversations that are named by key or id: read in one query."""

    def __init__(self, named: Iterable[tuple[UUID, Named]]) -> None:
        asked = [(conversation_id, one) for conversation_id, one in named if one.names or one.ids]
        self._by_key: dict[tuple[UUID, str], UUID] = {}
        self._ids: set[tuple[UUID, UUID]] = set()
        if asked:
            self._read(asked)

    def _read(self, asked: list[tuple[UUID, Named]]) -> None:
        keys = {key for _, one in asked for names in one.names for key in names}
        ids = {id_ for _, one in asked for id_ in one.ids}
        found = Membership.objects.live().filter(conversation__in={conversation_id for conversation_id, _ in asked})
        found = found.filter(Q(user__username_key__in=keys) | Q(user__in=ids))
        for conversation_id, user_id, key in found.values_list("conversation_id", "user_id", "user__username_key"):
            self._by_key[conversation_id, key] = user_id
            self._ids.add((conversation_id, user_id))

    def mentioned(self, conversation_id: UUID, named: Named, sender_id: UUID) -> list[UUID] | None:
        """Those of the named who are members, without the sender, in the order in which they are named; None when the
        sender declares somebody who is none."""
        if any((conversation_id, id_) not in self._ids for id_ in named.ids):
            return None
        by_name = [self._named(conversation_id, keys) for keys in named.names]
        members = dict.fromkeys(id_ for id_ in (*by_name, *named.ids) if id_ and id_ != sender_id)
        return list(members)[:MENTIONS]

    def _named(self, conversation_id: UUID, keys: tuple[str, ...]) -> UUID | None:
        """The member with the longest of these names."""
        found = (self._by_key.get((conversation_id, key)) for key in keys)
        return next((id_ for id_ in found if id_), None)
