"""The floor: a room that builds a frame once and writes it to every member, with nothing else around it.

Whatever arrives on `/ws/{room}` goes to everybody in that room. No sign-in, no validation, no storage,
and the leanest WebSocket library there is for Python: what remains is mostly the kernel's work.
"""

import os
from collections import defaultdict

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

Room = set[WSTransport]
rooms: dict[bytes, Room] = defaultdict(set)


class Member(WSListener):
    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.room.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.room.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            message = frame.get_payload_as_bytes()
            for member in self.room:
                member.send(WSMsgType.TEXT, message)
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()


def join(request: WSUpgradeRequest) -> Member:
    return Member(rooms[request.path])


async def serve(port: int) -> None:
    server = await ws_create_server(join, "127.0.0.1", port, backlog=2048, read_buffer_init_size=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(os.environ["PORT"])))
