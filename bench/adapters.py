"""What the load generators must know about the server in front of them."""

import json
from collections.abc import Mapping
from pathlib import Path

PADDING = "x" * 120  # brings a peer's frame, and the content of our message, to about 200 bytes


class Room:
    """A peer: whatever arrives on `/ws/{room}` goes to everyone there.

    Servers that know their people have a file with `{"tokens": [one per member], "conversations": [one id per room]}`.
    """

    reads: Mapping[str, str] = {}
    """What `bench.httpload` asks for, by the names of `bench.scenes.READS`."""

    def __init__(self, base_url: str, rooms: int, people: Path | None) -> None:
        self.base_url, self.rooms = base_url, rooms
        seeded = json.loads(people.read_text()) if people else {"tokens": [], "conversations": []}
        self.tokens: list[str] = seeded["tokens"]
        self.conversations: list[str | int] = seeded["conversations"]

    def url(self, member: int) -> str:
        return f"{self.base_url}/ws/{member % self.rooms}"

    def sign_in_frame(self, member: int) -> str | None:
        """The frame that signs a member in; None where the server needs none."""
        return None

    def is_hello(self, frame: bytes) -> bool:
        """Whether this frame says that the member is signed in."""
        return False

    def message(self, member: int, stamp: str) -> str:
        return json.dumps({"type": "message", "id": stamp, "body": PADDING})

    def is_reply(self, frame: bytes) -> bool:
        """Whether this frame answers the sender, rather than going to the whole room."""
        return False

    def is_message(self, frame: bytes) -> bool:
        """Whether this frame brings a message."""
        return True

    def answer(self, frame: bytes) -> str | None:
        """What the server expects in return for any other frame."""
        return None


class Chat(Room):
    """Our own server: one socket per person, who is in the conversations that `bench.seed` made."""

    reads = {
        "newest": "/api/v1/conversations/{}/messages/?limit=50",
        "list": "/api/v1/conversations/?limit=200",
    }

    def url(self, member: int) -> str:
        return f"{self.base_url}/ws/"

    def sign_in_frame(self, member: int) -> str:
        return json.dumps({"type": "authenticate", "data": {"token": self.tokens[member]}})

    def is_hello(self, frame: bytes) -> bool:
        return frame.startswith(b'{"type":"hello"')

    def message(self, member: int, stamp: str) -> str:
        data = {
            "conversation_id": self.conversations[member % self.rooms],
            "client_id": stamp,
            "content": stamp + PADDING,
        }
        return json.dumps({"type": "message.send", "id": stamp, "data": data})

    def is_reply(self, frame: bytes) -> bool:
        return frame.startswith(b'{"type":"reply"')

    def is_message(self, frame: bytes) -> bool:
        return frame.startswith(b'{"type":"message.created"')  # notifications quote what a message says


class SocketIo(Room):
    """`bench/peers/socketio_room.mjs`: packets of engine.io 4, in which socket.io puts events and acknowledgements."""

    reads = {"newest": "/rooms/{}/messages?limit=50", "list": "/rooms"}

    def url(self, member: int) -> str:
        return f"{self.base_url}/socket.io/?EIO=4&transport=websocket"

    def sign_in_frame(self, member: int) -> str:
        return "40" + json.dumps({"token": self.tokens[member]})

    def is_hello(self, frame: bytes) -> bool:
        return frame.startswith(b'42["hello"')

    def message(self, member: int, stamp: str) -> str:
        room = self.conversations[member % self.rooms]
        data = {"room_id": room, "client_id": stamp, "content": stamp + PADDING}
        return "420" + json.dumps(["message.send", data])  # 0 comes back with the acknowledgement, as the stamp does

    def is_reply(self, frame: bytes) -> bool:
        return frame.startswith(b"43")

    def is_message(self, frame: bytes) -> bool:
        return frame.startswith(b'42["message.created"')

    def answer(self, frame: bytes) -> str | None:
        return "3" if frame == b"2" else None  # a ping


ADAPTERS = {"room": Room, "chat": Chat, "socket.io": SocketIo}
