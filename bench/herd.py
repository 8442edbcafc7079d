"""Everybody comes back at once: how long until the last one is there, as after a restart.

    python -m bench.herd --database postgres --sockets 2000 5000
    python -m bench.herd --patience 3            # clients that give up after three seconds, and try again

Five hundred people in 20 conversations each, with several devices. All sockets are dropped, and return a moment later
as our client does: `authenticate`, `hello`, `sync`, until that is answered. Who hears nothing for `patience` seconds
hangs up and tries again, after twice as long as before; who is told when to come back does that.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from pathlib import Path

import uvloop
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench import procstat
from bench.adapters import Chat
from bench.databases import prepared
from bench.scenes import CASTS
from bench.servers import Server, running

PEOPLE = CASTS["regulars"].members
COLUMNS = ["server", "sockets", "patience s", "back", "half s", "99 % s", "all s", "tries", "refused", "unanswered"]
LONGEST = 240
"""Seconds after which those who are not there are given up."""


class Device(WSListener):
    """One socket, for one try: `outcome` is None once it is back, else in how many seconds to come back."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.outcome: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self.told = 0.0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.say({"type": "authenticate", "data": {"token": self.token}})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT:
            said = json.loads(frame.get_payload_as_bytes())
            if said["type"] == "hello":
                positions = {one["id"]: one["seq"] for one in said["data"]["conversations"]}
                data = {"epoch": said["data"]["epoch"], "positions": positions}
                self.say({"type": "sync", "id": "sync", "data": data})
            elif said["type"] == "error":
                self.told = said["error"].get("retry_after", 0.0)
            elif said.get("id") == "sync":
                self.end(None if said["ok"] else 0.0)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.end(self.told)

    def end(self, outcome: float | None) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def say(self, frame: dict[str, object]) -> None:
        self.transport.send(WSMsgType.TEXT, json.dumps(frame).encode())


class Herd:
    """Sockets of people who all want in."""

    def __init__(self, chat: Chat, size: int, patience: float) -> None:
        self.chat, self.size, self.patience = chat, size, patience
        self.tries = self.refused = self.silent = 0
        self.back_after: list[float] = []
        self.there: list[WSTransport] = []

    async def gather(self, *, at_once: int) -> None:
        """Bring everybody in, so many at a time."""
        self.tries = self.refused = self.silent = 0
        self.back_after, self.there = [], []
        self.began = time.monotonic()
        gate = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with gate:
                await self.bring(number)

        await asyncio.gather(*map(one, range(self.size)))

    def drop(self) -> None:
        for transport in self.there:
            transport.disconnect()

    async def bring(self, number: int) -> None:
        """One socket, until it is back."""
        pause, told = 0.25, 0.0
        while time.monotonic() - self.began < LONGEST:
            await asyncio.sleep(told + random.uniform(0, 0.5) if told else pause * random.uniform(1, 2))
            self.tries += 1
            told = await self.attempt(Device(self.chat.tokens[number % PEOPLE]))
            if told is None:
                self.back_after.append(time.monotonic() - self.began)
                return
            pause = pause if told else min(pause * 2, 15)

    async def attempt(self, device: Device) -> float | None:
        try:
            async with asyncio.timeout(self.patience):
                transport, _ = await ws_connect(
                    lambda: device, self.chat.url(0), websocket_handshake_timeout=60, read_buffer_init_size=2048
                )
                outcome = await device.outcome
        except (TimeoutError, OSError, WSError):
            self.silent += 1
            if hasattr(device, "transport"):
                device.transport.disconnect()
            return 0.0
        if outcome is None:
            self.there.append(transport)
        else:
            self.refused += 1
        return outcome


async def measure(server: Server, size: int, patience: float, cores: tuple[int, int], folder: Path) -> str:
    with running(server, {cores[0]}, folder / "server.log") as (pid, port):
        chat = Chat(f"ws://127.0.0.1:{port}", CASTS["regulars"].rooms, server.people / "regulars.json")
        herd = Herd(chat, size, patience=60)
        await herd.gather(at_once=100)
        herd.patience = patience
        await asyncio.sleep(3)
        herd.drop()
        before = procstat.cpu_seconds([pid])
        await herd.gather(at_once=size)
        spent = procstat.cpu_seconds([pid]) - before
        herd.drop()
    back = sorted(herd.back_after)
    half, most, last = (f"{back[int(share * (len(back) - 1))]:.1f}" if back else "" for share in (0.5, 0.99, 1))
    shown = (size, patience, len(back), half, most, last, herd.tries, herd.refused, herd.silent)
    return " | ".join(["", server.name, *map(str, shown), f"{spent * 1e3 / size:.2f}", ""]).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite"])
    parser.add_argument("--sockets", nargs="+", type=int, default=[2000])
    parser.add_argument("--patience", nargs="+", type=float, default=[10.0], help="seconds, as our client has")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    print(f"| {' | '.join(COLUMNS)} | CPU ms each |\n| --- {'| ---: ' * len(COLUMNS)}|")
    for kind in options.database:
        with tempfile.TemporaryDirectory(prefix="chat-herd-") as folder, prepared(kind, Path(folder)) as server:
            os.sched_setaffinity(0, {cores[-1]})
            for size in options.sockets:
                for patience in options.patience:
                    at = (cores[0], cores[-1])
                    print(uvloop.run(measure(server, size, patience, at, Path(folder))), flush=True)
            os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    main()
