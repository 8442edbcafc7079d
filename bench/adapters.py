"""What the load generator must know about the server in front of it."""

import json
from pathlib import Path

PADDING = "x" * 120  # brings a peer's frame, and the content of our message, to about 200 bytes


class Room:
    """A peer: whatever arrives on `/ws/{room}` goes to everyone there."""

    def __init__(self, base_url: str, rooms: int) -> None:
        self.base_url, self.rooms = base_url, rooms

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


class Chat(Room):
    """Our own server: one socket per person, who is in the conversations that `bench.seed` made.

    `people` is a file with `{"tokens": [one per member], "conversations": [one id per room]}`.
    """

    def __init__(self, base_url: str, rooms: int, people: Path) -> None:
        super().__init__(base_url, rooms)
        seeded = json.loads(people.read_text())
        self.tokens: list[str] = seeded["tokens"]
        self.conversations: list[str] = seeded["conversations"]

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
