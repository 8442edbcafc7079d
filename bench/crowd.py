"""Members of rooms who connect, send, and count what they receive.

A stamp `~#NUMBER#NANOSECONDS~` travels inside each message, so any server that carries the text can be measured. It
mentions nobody, and has no number that JSON could not hold: everyday text. The clock is this process's own: latencies
include what the generator itself takes.
"""

import asyncio
import time
from array import array

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.adapters import Room

MARK = b"~#"
CONNECTING_AT_ONCE = 50


def stamp(number: int) -> str:
    return f"~#{number:08d}#{time.monotonic_ns():018d}~"


def read_stamp(frame: bytes) -> tuple[int, int] | None:
    """The message's number and the nanosecond it left at, or None for a frame without a stamp."""
    at = frame.find(MARK)
    return None if at < 0 else (int(frame[at + 2 : at + 10]), int(frame[at + 11 : at + 29]))


class Member(WSListener):
    """One socket. It hears each message once; a second time counts as a duplicate."""

    def __init__(self, crowd: "Crowd", index: int) -> None:
        super().__init__()
        self.crowd, self.index = crowd, index
        self.received: set[int] = set()
        self.signed_in = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if (frame := self.crowd.adapter.sign_in_frame(self.index)) is None:
            self.signed_in.set_result(None)
        else:
            self.say(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.crowd.closed += 1
        if not self.signed_in.done():
            self.signed_in.set_exception(ConnectionError(f"refused: {transport.close_handshake}"))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        now, data, crowd = time.monotonic_ns(), frame.get_payload_as_bytes(), self.crowd
        if crowd.adapter.is_reply(data):
            crowd.answered(data, now)
        elif crowd.adapter.is_message(data) and (found := read_stamp(data)):
            number, left_at = found
            if number in self.received:
                crowd.duplicates += 1
            else:
                self.received.add(number)
                crowd.delivered(number, now - left_at, len(data))
        elif not self.signed_in.done() and crowd.adapter.is_hello(data):
            self.signed_in.set_result(None)
        elif answer := crowd.adapter.answer(data):
            self.say(answer)

    def say(self, text: str) -> None:
        self.transport.send(WSMsgType.TEXT, text.encode())


class Crowd:
    """All members, and what has happened to them so far.

    With `until="all"` a message is done when every member of its room has received it, with "reply" when its
    sender was answered. In a closed loop a done message makes its sender post the next one.
    """

    def __init__(self, adapter: Room, members: int, rooms: int, senders: int, until: str) -> None:
        self.adapter, self.size, self.rooms, self.senders = adapter, members, rooms, senders
        self.until_reply = until == "reply"
        self.room_sizes = [len(range(room, members, rooms)) for room in range(rooms)]
        self.members: list[Member] = []
        self.undelivered: dict[int, int] = {}  # message number → members who have yet to receive it
        self.senders_of: dict[int, int] = {}
        self.looping = False
        self.sent = self.closed = self.frame_size = 0
        self.first_refusal = ""
        self.forget()

    def forget(self) -> None:
        """Begin a new measurement."""
        self.deliveries = self.replies = self.refused = self.duplicates = self.expected = 0
        self.received_ns, self.last_received_ns, self.reply_ns = array("q"), array("q"), array("q")

    async def connect(self) -> None:
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one(index: int) -> Member:
            member, url = Member(self, index), self.adapter.url(index)
            async with gate:
                await ws_connect(lambda: member, url, websocket_handshake_timeout=30, read_buffer_init_size=2048)
                await asyncio.wait_for(member.signed_in, 30)
            return member

        self.members = await asyncio.gather(*map(one, range(self.size)))

    def disconnect(self) -> None:
        for member in self.members:
            member.transport.disconnect()

    def post(self, sender: int) -> None:
        number, self.sent = self.sent, self.sent + 1
        receivers = self.room_sizes[sender % self.rooms]
        self.undelivered[number], self.senders_of[number] = receivers, sender
        self.expected += receivers
        self.members[sender].say(self.adapter.message(sender, stamp(number)))

    def answered(self, reply: bytes, now: int) -> None:
        if found := read_stamp(reply):
            self.replies += 1
            self.reply_ns.append(now - found[1])
            if self.until_reply:
                self.done(found[0])
        elif b'"ok":false' in reply:
            self.refused += 1
            self.first_refusal = self.first_refusal or reply.decode()

    def delivered(self, number: int, took_ns: int, size: int) -> None:
        self.deliveries += 1
        self.frame_size = size
        self.received_ns.append(took_ns)
        left = self.undelivered.get(number, 0) - 1
        if left > 0:
            self.undelivered[number] = left
        elif left == 0:
            self.last_received_ns.append(took_ns)
            del self.undelivered[number]
            if not self.until_reply:
                self.done(number)

    def done(self, number: int) -> None:
        sender = self.senders_of.pop(number, None)
        if sender is not None and self.looping:
            self.post(sender)

    async def loop(self, seconds: float, window: int) -> None:
        """Each sender keeps `window` messages on their way."""
        self.looping = True
        for sender in range(self.senders):
            for _ in range(window):
                self.post(sender)
        await asyncio.sleep(seconds)
        self.looping = False

    async def pace(self, seconds: float, rate: float) -> None:
        """`rate` messages a second over all senders, whether or not the server keeps up."""
        start = time.monotonic()
        for count in range(int(seconds * rate)):
            await asyncio.sleep(max(0, start + count / rate - time.monotonic()))
            self.post(count % self.senders)

    async def settle(self, silence: float) -> float:
        """Wait until everything was received or nothing came for `silence` seconds; when the last thing came."""
        last, last_at = self.deliveries + self.replies, time.monotonic()
        while time.monotonic() - last_at < silence and (self.undelivered or self.senders_of):
            await asyncio.sleep(0.02)
            if (now := self.deliveries + self.replies) != last:
                last, last_at = now, time.monotonic()
        self.undelivered.clear()
        self.senders_of.clear()
        return last_at
