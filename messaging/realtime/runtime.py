"""The hub of this process, and what runs beside it on the same loop."""

from django.conf import settings

from messaging.realtime.database_threads import stop_threads
from messaging.realtime.entrance import Entrance
from messaging.realtime.hub import Hub
from messaging.realtime.presence import Presence
from messaging.realtime.socket_limit import SocketLimit
from messaging.realtime.typing import Typing
from messaging.writing.writer import writer

hub = Hub()
entrance = Entrance(settings.DATABASE_THREADS)
typing = Typing(hub)
presence = Presence(hub)
socket_limit = SocketLimit(hub)


async def start() -> None:
    """Begin to receive and publish. Call it on the loop that serves the sockets."""
    await hub.start()
    hub.spawn(presence.renew_forever())


async def stop() -> None:
    """Stop receiving, write the messages that have arrived, and close the database connections."""
    await hub.stop()
    writer.stop()
    stop_threads()
