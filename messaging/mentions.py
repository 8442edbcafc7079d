"""Who is named in a message: `@name` for members, `@all` for everybody where the sender's role allows it."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from accounts.names import username_key
from conversations.models import Membership

MENTIONS = 50
ALL = "all"
NAME_SIZE = 32


class Named(NamedTuple):
    """What a message says of whom it names: keys of usernames, ids its sender declares, and whether `@all`."""

    keys: tuple[str, ...]
    ids: tuple[UUID, ...]
    is_all: bool


def named_in(content: str, declared: Iterable[UUID] = ()) -> Named:
    """Read the names out of a text, at most `MENTIONS`, in one pass whatever stands in it. A name ends where no letter,
    digit, `_`, `.` or `-` follows; dots and dashes at its end belong to the sentence."""
    keys: dict[str, None] = {}
    content = unicodedata.normalize("NFC", content)  # some keyboards write an accent as a character of its own
    at = content.find("@")
    while at >= 0 and len(keys) <= MENTIONS:
        end = at + 1
        while end < len(content) and (content[end].isalnum() or content[end] in "_.-"):
            end += 1
        name = content[at + 1 : end].rstrip(".-")
        if 0 < len(name) <= NAME_SIZE and (at == 0 or not content[at - 1].isalnum()):  # an e-mail address names nobody
            keys[username_key(name)] = None
        at = content.find("@", end)
    is_all = keys.pop(ALL, 0) is None
    return Named(tuple(keys)[:MENTIONS], tuple(dict.fromkeys(declared)), is_all)


class Members:
    """The members of some conversations that are named by key or id: read in one query."""

    def __init__(self, named: Iterable[tuple[UUID, Named]]) -> None:
        asked = [(conversation_id, one) for conversation_id, one in named if one.keys or one.ids]
        self._by_key: dict[tuple[UUID, str], UUID] = {}
        self._ids: set[tuple[UUID, UUID]] = set()
        if asked:
            self._read(asked)

    def _read(self, asked: list[tuple[UUID, Named]]) -> None:
        keys = {key for _, one in asked for key in one.keys}
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
        by_name = [self._by_key.get((conversation_id, key)) for key in named.keys]
        members = dict.fromkeys(id_ for id_ in (*by_name, *named.ids) if id_ and id_ != sender_id)
        return list(members)[:MENTIONS]
