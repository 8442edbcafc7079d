"""The doors of a serving process: HTTP, sockets, and what starts and stops with the process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

from chatproject.handler import application as django_application

http = django_application()

# Below, because these need the applications to be loaded.
from channels.routing import ProtocolTypeRouter  # noqa: E402

from chatproject.bodies import BodyLimit  # noqa: E402
from chatproject.lifespan import Lifespan  # noqa: E402
from chatproject.strangers import StrangerGate  # noqa: E402
from messaging.socket import socket_app  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(StrangerGate(http)),
        "websocket": socket_app,
        "lifespan": Lifespan(),
    }
)
