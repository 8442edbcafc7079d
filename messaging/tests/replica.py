"""A client's copy of everything its person may see, kept as the documents say: a snapshot, then events."""

import asyncio
from typing import Any

from messaging.tests.client import Person, Socket

ABOUT_MESSAGES = {"message.created", "message.updated", "message.deleted"}
SHOWN_OF_A_CONVERSATION = ("kind", "name", "description", "is_read_only", "slow_mode_seconds", "members_can_invite")


class ConversationCopy:
    """A copy of one conversation: its head, messages and members by id, and its shown fields."""

    def __init__(self, row: dict[str, Any], members: list[dict[str, Any]]) -> None:
        self.head: int = row["seq"]
        self.shown = {name: row[name] for name in SHOWN_OF_A_CONVERSATION}
        self.messages = {message["id"]: plain(message) for message in row["messages"]}
        self.members = {member["user"]["id"]: member for member in members}
        self.visible_from: int = row["membership"]["visible_from_seq"]
        self.mark: int = row["membership"]["last_read_seq"]
        self.ahead: dict[int, dict[str, Any]] = {}

    def receive(self, frame: dict[str, Any], me: str) -> None:
        """Apply a durable event; events that came too early wait for the missing ones."""
        if frame["seq"] > self.head:
            self.ahead[frame["seq"]] = frame
        while ready := self.ahead.pop(self.head + 1, None):
            self.head += 1
            self._apply(ready["type"], ready["data"], me)
        self.ahead = {seq: later for seq, later in self.ahead.items() if seq > self.head}

    def _apply(self, kind: str, data: dict[str, Any], me: str) -> None:
        if kind in ABOUT_MESSAGES:
            message = data["message"]
            if message["changed_seq"] >= self.messages.get(message["id"], message)["changed_seq"]:
                self.messages[message["id"]] = plain(message)
            if kind == "message.created" and message["sender"]["id"] == me:
                self.mark = max(self.mark, message["seq"])
        elif kind.startswith(("reaction.", "message.")):
            held = self.messages[data["message_id"]]
            if data["changed_seq"] >= held["changed_seq"]:
                held.update({name: data[name] for name in ("reactions", "is_pinned", "changed_seq") if name in data})
        elif kind == "member.removed":
            self.members.pop(data["member"]["user"]["id"], None)
        elif kind.startswith("member."):
            self.members[data["member"]["user"]["id"]] = data["member"]
        elif kind == "conversation.updated":
            self.shown = {name: data["conversation"][name] for name in SHOWN_OF_A_CONVERSATION}

    def counts(self, me: str, blocked: set[str]) -> tuple[int, int]:
        """How many messages are unread, and how many of them mention this person."""
        after = [m for m in self.messages.values() if m["seq"] > self.mark and not m["is_deleted"]]
        after = [m for m in after if m["sender"]["id"] not in blocked]
        return len(after), len(
            [m for m in after if me in m["mentions"] or (m["mentions_all"] and m["sender"]["id"] != me)]
        )


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message as events show it, with only the id of the message it replies to, which changes separately."""
    shown = {name: value for name, value in message.items() if name not in ("status", "is_folded")}
    return {**shown, "reply_to": shown["reply_to"] and shown["reply_to"]["id"]}


class Device:
    """One device of a person, with a copy that it keeps while it is disconnected."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.conversations: dict[str, ConversationCopy] = {}
        self.blocked: set[str] = set()
        self.socket: Socket | None = None
        self.has_hello = asyncio.Event()

    async def connect(self) -> None:
        """Open a socket, and ask for what was missed, or at first for everything."""
        self.has_hello.clear()
        self.socket = await self.person.socket(waits_for_hello=False).__aenter__()
        self._task = asyncio.create_task(self._receive_forever(self.socket))

    async def disconnect(self) -> None:
        """Close the socket. What was received until now is kept."""
        if self.socket:
            await self.socket.__aexit__()
            await self._task
            self.socket = None

    async def _receive_forever(self, socket: Socket) -> None:
        read, hellos = 0, 0
        while socket.code is None or read < len(socket.received):
            if read == len(socket.received):
                await asyncio.sleep(0.003)
                continue
            frame = socket.received[read]
            read += 1
            if frame["type"] == "hello":
                hellos += 1
                await self._receive_hello(socket, frame["data"], has_copy=hellos == 1 and bool(self.conversations))
                self.has_hello.set()
            else:
                await self._receive(frame)

    async def _receive_hello(self, socket: Socket, hello: dict[str, Any], *, has_copy: bool) -> None:
        self.blocked = set(hello["blocked_ids"])
        if not has_copy:
            return await self._take_snapshot()
        if socket.code is None:
            positions = {id_: conversation.head for id_, conversation in self.conversations.items()}
            await socket.frame({"type": "sync", "data": {"epoch": hello["epoch"], "positions": positions}})
        snapshot = await self._snapshot()
        self.conversations = {id_: conversation for id_, conversation in self.conversations.items() if id_ in snapshot}
        for id_, row in snapshot.items():
            conversation = self.conversations.get(id_)
            if conversation is None or conversation.visible_from != row["membership"]["visible_from_seq"]:
                await self._load(row)
            else:
                conversation.mark = max(conversation.mark, row["membership"]["last_read_seq"])
        return None

    async def _receive(self, frame: dict[str, Any]) -> None:
        kind, id_ = frame["type"], frame.get("conversation_id")
        if kind == "sync.reset":
            await self._take_snapshot()
        elif kind == "conversation.added":
            if row := (await self._snapshot()).get(id_):
                await self._load(row)
        elif kind in ("conversation.removed", "conversation.deleted"):
            self.conversations.pop(id_, None)
        elif id_ in self.conversations and "seq" in frame:
            self.conversations[id_].receive(frame, self.person.id)
        elif id_ in self.conversations and kind == "read.updated" and frame["data"]["user_id"] == self.person.id:
            self.conversations[id_].mark = max(self.conversations[id_].mark, frame["data"]["seq"])

    async def _take_snapshot(self) -> None:
        self.conversations = {}
        for row in (await self._snapshot()).values():
            await self._load(row)

    async def _snapshot(self) -> dict[str, dict[str, Any]]:
        found = await asyncio.to_thread(self.person.get, "sync/?per_conversation=100")
        return {row["id"]: row for row in found["conversations"]}

    async def _load(self, row: dict[str, Any]) -> None:
        """Hold a conversation as this row shows it. Somebody who was removed in the same moment has none."""
        path = f"conversations/{row['id']}/members/?limit=100"
        answer = await asyncio.to_thread(self.person.call, "GET", path)
        if answer.is_success:
            self.conversations[row["id"]] = ConversationCopy(row, answer.json()["results"])
        else:
            self.conversations.pop(row["id"], None)

    def differs_from(self, fresh: "Device") -> list[str]:
        """Where this copy differs from that of a device that has just connected."""
        if self.conversations.keys() != fresh.conversations.keys():
            return [f"conversations: {sorted(self.conversations)} instead of {sorted(fresh.conversations)}"]
        me, found = self.person.id, []
        for id_, conversation in self.conversations.items():
            expected = fresh.conversations[id_]
            for name in ("head", "ahead", "shown", "members", "mark", "messages"):
                own, other = getattr(conversation, name), getattr(expected, name)
                if own != other:
                    found.append(f"{name}: {own} instead of {other}")
            if conversation.counts(me, self.blocked) != expected.counts(me, fresh.blocked):
                found.append("counts")
        return found
