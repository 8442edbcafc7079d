"""Who is mentioned in a message: `@name` for members, `@all` for everyone if the sender's role allows it."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Q, QuerySet

from common.compiled import CompiledQuery, Parameters
from common.text import mention_candidates_in
from conversations.models import Membership

MENTIONS = 50
ALL = "all"
NOT_MENTIONABLE = "Mention only members of this conversation."


class RequestedMentions(NamedTuple):
    """Whom a message wants to mention: for each `@name` the username keys that it may stand for, the longest first; the
    ids that its sender declares; and whether it says `@all`."""

    names: tuple[tuple[str, ...], ...]
    ids: tuple[UUID, ...]
    is_all: bool


def parse_mentions(content: str, declared: Iterable[UUID] = ()) -> RequestedMentions:
    """Read the mentions in a text, at most `MENTIONS`, in one pass."""
    names: dict[tuple[str, ...], None] = {}
    is_all = False
    for addressing in mention_candidates_in(content):
        keys = tuple(key for _, key in addressing.names)
        is_all |= ALL in keys
        if keys != (ALL,):
            names[keys] = None
        if len(names) > MENTIONS:
            break
    return RequestedMentions(tuple(names)[:MENTIONS], tuple(dict.fromkeys(declared)), is_all)


class MentionableMembers:
    """The members of some conversations whom messages want to mention, read in one query."""

    def __init__(self, requests: Iterable[tuple[UUID, RequestedMentions]]) -> None:
        requested = [(conversation_id, one) for conversation_id, one in requests if one.names or one.ids]
        self._by_key: dict[tuple[UUID, str], UUID] = {}
        self._ids: set[tuple[UUID, UUID]] = set()
        if requested:
            self._read(requested)

    def _read(self, requested: list[tuple[UUID, RequestedMentions]]) -> None:
        keys = {key for _, one in requested for names in one.names for key in names}
        ids = {id_ for _, one in requested for id_ in one.ids}
        conversations = {conversation_id for conversation_id, _ in requested}
        for conversation_id, user_id, key in _members(conversations=conversations, keys=keys, ids=ids):
            self._by_key[conversation_id, key] = user_id
            self._ids.add((conversation_id, user_id))

    def resolve(self, conversation_id: UUID, mentions: RequestedMentions, sender_id: UUID) -> list[UUID] | None:
        """The ids of the mentioned members in the order of the mentions, without the sender. None if the sender
        declares an id that is not a member's."""
        if any((conversation_id, id_) not in self._ids for id_ in mentions.ids):
            return None
        by_name = [self._find_by_name(conversation_id, keys) for keys in mentions.names]
        members = dict.fromkeys(id_ for id_ in (*by_name, *mentions.ids) if id_ and id_ != sender_id)
        return list(members)[:MENTIONS]

    def _find_by_name(self, conversation_id: UUID, keys: tuple[str, ...]) -> UUID | None:
        """The member with the longest of these names."""
        found = (self._by_key.get((conversation_id, key)) for key in keys)
        return next((id_ for id_ in found if id_), None)


@CompiledQuery
def _members() -> QuerySet[Membership, tuple[UUID, UUID, str]]:
    """The members of these conversations with one of these names or ids."""
    is_meant = Q(user__username_key__in=Parameters("keys", CharField())) | Q(user__in=Parameters("ids"))
    found = Membership.objects.live().filter(is_meant, conversation__in=Parameters("conversations"))
    return found.values_list("conversation_id", "user_id", "user__username_key")
