"""The ASGI application: HTTP, sockets, and what starts and stops with the process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

from chatproject.handler import application as django_application

http = django_application()

# Below, because these need the applications to be loaded.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chatproject.address_limit import StrangerGate  # noqa: E402
from chatproject.body_limit import BodyLimit  # noqa: E402
from chatproject.lifespan import Lifespan  # noqa: E402
from messaging.realtime.middleware import OriginValidator, SignInMiddleware  # noqa: E402
from messaging.realtime.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(StrangerGate(http)),
        "websocket": OriginValidator(SignInMiddleware(URLRouter(websocket_urlpatterns))),
        "lifespan": Lifespan(),
    }
)
