"""Compares what clients received with what is stored: lost, duplicated, phantom, missing, out of order.

Clients write every message they try to send into a list of `Send` and note the answer. Afterwards every copy of the
conversation (a socket that lived through it, a sync from 0, the history, the tables) must tell the same story.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server
from messaging.tests.client import Person


@dataclass
class Send:
    """A message that a client tries to send until it is answered; `message` is the one of the good answer."""

    sender: str
    client_id: str
    content: str
    message: dict[str, Any] | None = None
    attempts: int = 0
    refusals: list[str] = field(default_factory=list)


class Entry(NamedTuple):
    """An entry of a conversation's log. A change, which is no message, has only its `seq`."""

    seq: int
    id: str = ""
    client_id: str = ""
    content: str = ""


class Copy(NamedTuple):
    """The log after the seq `after`, in the order in which somebody got it; `whole` when it includes changes."""

    name: str
    entries: list[Entry]
    after: int = 0
    whole: bool = True


def problems(sends: Iterable[Send], copies: list[Copy]) -> list[str]:
    """Everything that is wrong; the first copy is what the others must agree with."""
    sends = list(sends)
    tried = {send.client_id: send for send in sends}
    found = [problem for copy in copies for problem in _find_in_copy(copy, tried)]
    truth = {entry.seq: entry for entry in copies[0].entries}
    for copy in copies:
        found += _find_lost(copy, [send for send in sends if send.message])
        mine = {entry.seq: entry for entry in copy.entries}
        wanted = {seq: entry for seq, entry in truth.items() if seq > copy.after and (copy.whole or entry.id)}
        if mine != wanted:
            differing = [seq for seq in sorted(mine.keys() | wanted.keys()) if mine.get(seq) != wanted.get(seq)]
            found.append(f"{copy.name}: differs from {copies[0].name} at {differing[:5]} ({len(differing)})")
    return found


def _find_in_copy(copy: Copy, tried: dict[str, Send]) -> Iterable[str]:
    before = copy.after
    for entry in copy.entries:
        if entry.seq <= before:
            yield f"{copy.name}: order: {entry.seq} after {before}"
        elif copy.whole and entry.seq != before + 1:
            yield f"{copy.name}: gap: {entry.seq} after {before}"
        before = max(before, entry.seq)
        if entry.id and entry.client_id not in tried:
            yield f"{copy.name}: phantom: {entry.content!r} at {entry.seq}"
    for name in ("id", "client_id"):
        counts = Counter(getattr(entry, name) for entry in copy.entries if entry.id)
        yield from (f"{copy.name}: duplicated: {name} {key}" for key, count in counts.items() if count > 1)


def _find_lost(copy: Copy, sends: list[Send]) -> Iterable[str]:
    entries = {entry.client_id: entry for entry in copy.entries if entry.id}
    for send in sends:
        acked = entry_of(send.message or {})
        if acked.seq > copy.after and send.client_id not in entries:
            yield f"{copy.name}: lost: {send.content!r}, acked at {acked.seq}"
        elif acked.seq > copy.after and (entries[send.client_id] != acked or acked.content != send.content):
            yield f"{copy.name}: not as acked: {entries[send.client_id]} instead of {acked}"


def entry_of(message: dict[str, Any]) -> Entry:
    """The entry of a message as clients see it."""
    return Entry(message["seq"], message["id"], message["client_id"], message["content"])


def entries_in(frames: Iterable[dict[str, Any]], conversation: str) -> list[Entry]:
    """The entries of a conversation, in the order in which these events came."""
    here = [frame for frame in frames if frame.get("conversation_id") == conversation and "seq" in frame]
    return [
        entry_of(frame["data"]["message"]) if frame["type"] == "message.created" else Entry(frame["seq"])
        for frame in here
    ]


def afterwards(server: Server, person: Person, conversation: str) -> list[Copy]:
    """The copies that can be made at any time: by SQL, by the log from 0, by pages of the history."""
    frames: list[dict[str, Any]] = []
    while True:
        page = person.get(f"conversations/{conversation}/log/?after={frames[-1]['seq'] if frames else 0}")
        frames += page["entries"]
        if not page["has_more"]:
            break
    return [
        Copy("tables", stored(server, conversation)),
        Copy("log", entries_in(frames, conversation)),
        Copy("history", [entry_of(message) for message in person.history(conversation)], whole=False),
    ]


def stored(server: Server, conversation: str) -> list[Entry]:
    """The log as the tables hold it, up to the conversation's head."""
    url = server.env.get("DATABASE_URL", "")
    key = conversation if url else conversation.replace("-", "")
    connect = postgres_session(url) if url else sqlite3.connect(server.data_dir / "chat.sqlite3")
    sign = "%s" if url else "?"
    with connect as database:
        ask = database.execute
        messages = ask(
            f"SELECT seq, id, client_id, content FROM messaging_message WHERE conversation_id = {sign}", [key]
        )
        entries = [Entry(seq, _dashed(id_), client_id, content) for seq, id_, client_id, content in messages.fetchall()]
        changes = ask(f"SELECT seq FROM conversations_change WHERE conversation_id = {sign}", [key])
        entries += [Entry(seq) for (seq,) in changes.fetchall()]
        (head,) = ask(f"SELECT seq FROM conversations_conversation WHERE id = {sign}", [key]).fetchone() or (0,)
    assert head == max((entry.seq for entry in entries), default=0), f"the head is {head}"
    return sorted(entries)


def _dashed(id_: Any) -> str:
    text = str(id_).replace("-", "")
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
