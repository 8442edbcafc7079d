"""A client's copy of everything its person may see, kept as `docs` and the contract say: a snapshot, then events."""

import asyncio
from typing import Any

from messaging.tests.client import Person, Socket

ABOUT_MESSAGES = {"message.created", "message.updated", "message.deleted"}
SHOWN_OF_A_CONVERSATION = ("kind", "name", "description", "is_read_only", "slow_mode_seconds", "members_can_invite")


class Room:
    """One conversation in the copy: its head, messages by id, members by id, and what is shown of it."""

    def __init__(self, row: dict[str, Any], members: list[dict[str, Any]]) -> None:
        self.head: int = row["seq"]
        self.shown = {name: row[name] for name in SHOWN_OF_A_CONVERSATION}
        self.messages = {message["id"]: plain(message) for message in row["messages"]}
        self.members = {member["user"]["id"]: member for member in members}
        self.visible_from: int = row["membership"]["visible_from_seq"]
        self.mark: int = row["membership"]["last_read_seq"]
        self.ahead: dict[int, dict[str, Any]] = {}

    def hear(self, frame: dict[str, Any], me: str) -> None:
        """Take a durable event; those that came too early wait for the missing ones."""
        if frame["seq"] > self.head:
            self.ahead[frame["seq"]] = frame
        while following := self.ahead.pop(self.head + 1, None):
            self.head += 1
            self._apply(following["type"], following["data"], me)
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
        """What is unread, and what of it names this person."""
        after = [m for m in self.messages.values() if m["seq"] > self.mark and not m["is_deleted"]]
        after = [m for m in after if m["sender"]["id"] not in blocked]
        return len(after), len(
            [m for m in after if me in m["mentions"] or (m["mentions_all"] and m["sender"]["id"] != me)]
        )


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message as events show it; of what it answers only which it is, because that one changes by itself."""
    shown = {name: value for name, value in message.items() if name not in ("status", "is_folded")}
    return {**shown, "reply_to": shown["reply_to"] and shown["reply_to"]["id"]}


class Device:
    """One device of a person, with a copy that it keeps also while it is away."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.rooms: dict[str, Room] = {}
        self.blocked: set[str] = set()
        self.socket: Socket | None = None
        self.is_greeted = asyncio.Event()

    async def come(self) -> None:
        """Open a socket; ask for what was missed, or for everything at first."""
        self.is_greeted.clear()
        self.socket = await self.person.socket(greeted=False).__aenter__()
        self._task = asyncio.create_task(self._listen(self.socket))

    async def go(self) -> None:
        """Close the socket. What was heard until now is kept."""
        if self.socket:
            await self.socket.__aexit__()
            await self._task
            self.socket = None

    async def _listen(self, socket: Socket) -> None:
        read, hellos = 0, 0
        while socket.code is None or read < len(socket.heard):
            if read == len(socket.heard):
                await asyncio.sleep(0.003)
                continue
            frame = socket.heard[read]
            read += 1
            if frame["type"] == "hello":
                hellos += 1
                await self._greeted(socket, frame["data"], is_back=hellos == 1 and bool(self.rooms))
                self.is_greeted.set()
            else:
                await self._hear(frame)

    async def _greeted(self, socket: Socket, hello: dict[str, Any], *, is_back: bool) -> None:
        self.blocked = set(hello["blocked_ids"])
        if not is_back:
            return await self._take_snapshot()
        if socket.code is None:
            positions = {id_: room.head for id_, room in self.rooms.items()}
            await socket.frame({"type": "sync", "data": {"epoch": hello["epoch"], "positions": positions}})
        snapshot = await self._snapshot()
        self.rooms = {id_: room for id_, room in self.rooms.items() if id_ in snapshot}
        for id_, row in snapshot.items():
            room = self.rooms.get(id_)
            if room is None or room.visible_from != row["membership"]["visible_from_seq"]:
                await self._load(row)
            else:
                room.mark = max(room.mark, row["membership"]["last_read_seq"])
        return None

    async def _hear(self, frame: dict[str, Any]) -> None:
        kind, id_ = frame["type"], frame.get("conversation_id")
        if kind == "sync.reset":
            await self._take_snapshot()
        elif kind == "conversation.added":
            if row := (await self._snapshot()).get(id_):
                await self._load(row)
        elif kind in ("conversation.removed", "conversation.deleted"):
            self.rooms.pop(id_, None)
        elif id_ in self.rooms and "seq" in frame:
            self.rooms[id_].hear(frame, self.person.id)
        elif id_ in self.rooms and kind == "read.updated" and frame["data"]["user_id"] == self.person.id:
            self.rooms[id_].mark = max(self.rooms[id_].mark, frame["data"]["seq"])

    async def _take_snapshot(self) -> None:
        self.rooms = {}
        for row in (await self._snapshot()).values():
            await self._load(row)

    async def _snapshot(self) -> dict[str, dict[str, Any]]:
        found = await asyncio.to_thread(self.person.get, "sync/?per_conversation=100")
        return {row["id"]: row for row in found["conversations"]}

    async def _load(self, row: dict[str, Any]) -> None:
        """Hold a conversation as this row shows it; who was removed in the same moment has none."""
        path = f"conversations/{row['id']}/members/?limit=100"
        answer = await asyncio.to_thread(self.person.call, "GET", path)
        if answer.is_success:
            self.rooms[row["id"]] = Room(row, answer.json()["results"])
        else:
            self.rooms.pop(row["id"], None)

    def differs_from(self, fresh: "Device") -> list[str]:
        """In what this copy is not what a device that has just come holds."""
        if self.rooms.keys() != fresh.rooms.keys():
            return [f"conversations: {sorted(self.rooms)} instead of {sorted(fresh.rooms)}"]
        me, found = self.person.id, []
        for id_, room in self.rooms.items():
            wanted = fresh.rooms[id_]
            for name in ("head", "ahead", "shown", "members", "mark", "messages"):
                mine, theirs = getattr(room, name), getattr(wanted, name)
                if mine != theirs:
                    found.append(f"{name}: {mine} instead of {theirs}")
            if room.counts(me, self.blocked) != wanted.counts(me, fresh.blocked):
                found.append("counts")
        return found
