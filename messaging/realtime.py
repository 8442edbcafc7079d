"""The feed of this process, and what lives beside it on the same loop."""

from messaging.feed import Feed
from messaging.presence import Presence
from messaging.socket_limit import SocketLimit
from messaging.threads import stop_threads
from messaging.typing import Typing
from messaging.writer import writer

feed = Feed()
typing = Typing(feed)
presence = Presence(feed)
socket_limit = SocketLimit(feed)


async def start() -> None:
    """Begin to hear and to be heard. Call it on the loop that serves the sockets."""
    await feed.start()
    feed.spawn(presence.run())


async def stop() -> None:
    """Hear nothing more, write what has arrived, and let go of the database."""
    await feed.stop()
    writer.stop()
    stop_threads()
