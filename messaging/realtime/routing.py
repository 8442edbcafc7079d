"""The addresses of the sockets."""

from django.urls import path, re_path

from messaging.realtime.consumer import ChatConsumer
from messaging.realtime.middleware import deny, refuse

chat = ChatConsumer.as_asgi()

websocket_urlpatterns = [
    path("ws/", chat),
    path("ws/conversations/<uuid:conversation_id>/", chat),
    # Also without the last slash, and with an id in capitals.
    re_path(r"^ws(?:/conversations/(?P<conversation_id>[^/]{36})/?)?$", chat),
    re_path(r"^ws/", refuse),  # type: ignore[arg-type]
    re_path("", deny),  # type: ignore[arg-type]
]
