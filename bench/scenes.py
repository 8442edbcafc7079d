"""What is measured: who is in which rooms, what they do there, and what it may cost."""

from dataclasses import dataclass, replace
from pathlib import Path

from bench.servers import CEILING, FASTAPI, PICOWS, SOCKET_IO


@dataclass(frozen=True)
class Cast:
    """People and their rooms. Member `i` is in room `i % rooms` and in the `rooms_each - 1` after it."""

    members: int
    rooms: int = 1
    rooms_each: int = 1
    messages: int = 0
    """In each room, before anybody sends."""
    unread: int = 0
    """How many of them nobody has read."""

    @property
    def read(self) -> int:
        return self.messages - self.unread

    def rooms_of(self, member: int) -> list[int]:
        return [(member + step) % self.rooms for step in range(self.rooms_each)]


CASTS = {
    "hall": Cast(members=500),
    "desks": Cast(members=200, rooms=50),
    "town": Cast(members=2000, rooms=100),
    "regulars": Cast(members=500, rooms=400, rooms_each=20),
    "readers": Cast(members=20, rooms=200, rooms_each=200, messages=50, unread=10),
    "archive": Cast(members=20, messages=30_000, unread=10),
}
READS = {"newest": "archive", "list": "readers"}
"""What is asked for by HTTP, and in which cast's place."""


@dataclass(frozen=True)
class Scene:
    """What a cast does over sockets. The fields are the load generator's options of the same names."""

    cast_name: str
    senders: int = 1
    window: int = 1
    rate: float = 0
    until: str = "all"
    seconds: float = 4
    rest: float = 0.5
    idle: bool = False

    @property
    def cast(self) -> Cast:
        return CASTS[self.cast_name]

    def command(self, port: int, people: Path | None) -> list[str]:
        """The load generator and what to tell it."""
        options: dict[str, object] = {"members": self.cast.members, "rooms": self.cast.rooms}
        options |= {name: getattr(self, name) for name in ("senders", "window", "rate", "until", "seconds", "rest")}
        if people:
            options["people"] = people / f"{self.cast_name}.json"
        command = ["bench.wsload", f"ws://127.0.0.1:{port}", *(f"--{name}={value}" for name, value in options.items())]
        return command + ["--idle"] * self.idle

    def quick(self) -> "Scene":
        """The same, shorter: for a look, not for a table."""
        return replace(self, seconds=self.seconds / 2)


@dataclass(frozen=True)
class Reading:
    """One client asks for each of `READS`, again and again."""

    seconds: float = 5

    def command(self, port: int, people: Path | None) -> list[str]:
        return ["bench.httpload", f"http://127.0.0.1:{port}", f"--people={people}", f"--seconds={self.seconds}"]

    def quick(self) -> "Reading":
        return Reading(self.seconds / 2)


SCENES: dict[str, Scene | Reading] = {
    "one sender": Scene("hall", window=4),
    "twenty senders": Scene("hall", senders=20),
    "quiet": Scene("hall", rate=5, seconds=8),
    "sends": Scene("desks", senders=200, until="reply"),
    "everyday": Scene("desks", senders=200, rate=20, until="reply", seconds=12),
    "processes": Scene("desks", senders=200, until="reply"),
    "reads": Reading(),
    "beside": Scene("desks", senders=200, rate=50, until="reply", seconds=8),
    "idle": Scene("town", idle=True, rest=2),
    "connect": Scene("regulars", idle=True, rest=1),
}


@dataclass(frozen=True)
class Goal:
    """What our server's figure may be at most, or must be at least, as a multiple of another server's.

    Without `of` it is compared with itself: with the row of the table that its name begins with.
    """

    title: str
    key: str
    of: str = ""
    most: float = 0
    least: float = 0

    def __str__(self) -> str:
        return f"{self.title}, goal {f'≤ {self.most:g}' if self.most else f'≥ {self.least:g}'}"

    def is_met(self, ratio: float) -> bool:
        return ratio <= self.most if self.most else ratio >= self.least


GOALS = {
    "one sender": [Goal("CPU × picows", "cpu_us_per_delivery", PICOWS.name, most=1.7)],
    "twenty senders": [Goal("CPU × picows", "cpu_us_per_delivery", PICOWS.name, most=0.7)],
    "sends": [
        Goal("messages/s × socket.io", "messages_per_second", SOCKET_IO, least=1.5),
        Goal("messages/s × ceiling", "messages_per_second", CEILING, least=0.75),
    ],
    "everyday": [Goal("all CPU × socket.io", "all_us_per_message", SOCKET_IO, most=2)],
    "processes": [
        Goal("CPU × one process", "cpu_us_per_message", most=1.3),
        Goal("p99 × one process", "reply_p99_ms", most=1.5),
    ],
    "reads": [
        Goal("newest 50 × socket.io", "newest_us", SOCKET_IO, most=1.5),
        Goal("list × socket.io", "list_us", SOCKET_IO, most=3),
    ],
    "beside": [Goal("p99 × quiet", "reply_p99_ms", most=2)],
    "connect": [Goal("CPU × FastAPI", "connect_cpu_ms", FASTAPI.name, most=2)],
}
