"""The AsyncAPI 3.0 document of the socket, generated from the structs that read and write its frames."""

from typing import Any

import msgspec
from django.conf import settings

from common.components import TEMPLATE, simplify
from messaging.realtime.events import EVENTS
from messaging.realtime.protocol import COMMANDS

CLOSING_CODES = {
    1009: "a frame over 64 KiB",
    1012: "the server restarts; reconnect",
    1013: "the server is overloaded; reconnect, after the `retry_after` seconds of the error before it, if it has one",
    4400: "too many invalid frames",
    4401: "not signed in, or no longer; refresh first",
    4403: "origin or conversation refused, or membership ended",
    4408: "too slow or silent; reconnect",
    4409: "too many sockets of one person",
    4429: "flooding; reconnect later",
}
STATE = """Events replace what a client holds. Of a message hold the state with the higher `changed_seq`, and of two
with the same the one that came last. Somebody who comes back to a conversation whose history begins with joining may
not see what lies before: compare `visible_from_seq` (in `hello`, `conversation.added` and every membership) with the
one you hold, and drop the messages up to it."""
CATCHING_UP = """Catching up: keep the `epoch` and, per conversation, the `seq` of the last event applied. After each
`hello` send `sync` with both, also when you hold nothing yet, but never positions of another epoch. The answering
`sync.complete` names all your conversations, also those that began while you were away: where `has_more`, read
`GET /api/v1/conversations/{id}/log/?after=` from the `seq` you hold, or from 0 where you hold none, until it has no
more. Do the same after `conversation.added`, and when the `seq` of an event is not the one after yours; ignore events
that you have. After a `sync.reset` drop what you hold, of all conversations or of those it names."""
COMMAND_TYPES: tuple[type[msgspec.Struct], ...] = COMMANDS.__args__  # type: ignore[attr-defined]
EVENT_TYPES: tuple[type[msgspec.Struct], ...] = EVENTS.__args__  # type: ignore[attr-defined]


def name_of(kind: type[msgspec.Struct]) -> str:
    """The `type` that frames of this struct carry."""
    return str(kind.__struct_config__.tag)


def document() -> dict[str, Any]:
    """The whole document."""
    kinds = [*COMMAND_TYPES, *EVENT_TYPES]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=TEMPLATE)
    shown = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{settings.SITE_NAME} socket",
            "version": settings.VERSION,
            "description": "Subprotocol `chat.v1`. Closing codes: "
            + "; ".join(f"{code} {meaning}" for code, meaning in CLOSING_CODES.items())
            + f". {' '.join(CATCHING_UP.split())} {' '.join(STATE.split())}",
        },
        "channels": {
            "all": _channel("/ws/", "One socket per device, for all conversations."),
            "one": _channel("/ws/conversations/{id}/", "The same, for one conversation.")
            | {"parameters": {"id": {"description": "The conversation."}}},
        },
        "operations": {
            "send": _operation("receive", COMMAND_TYPES),
            "hear": _operation("send", EVENT_TYPES),
        },
        "components": {"messages": {name_of(kind): _message(kind) for kind in kinds}, "schemas": schemas},
    }
    return simplify(shown, [_message(kind)["payload"] for kind in COMMAND_TYPES])


def _channel(address: str, description: str) -> dict[str, Any]:
    names = map(name_of, COMMAND_TYPES + EVENT_TYPES)
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    return {"address": address, "description": description, "messages": messages}


def _operation(action: str, kinds: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/all/messages/{name_of(kind)}"} for kind in kinds]
    return {"action": action, "channel": {"$ref": "#/channels/all"}, "messages": messages}


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "name": name_of(kind),
        "summary": " ".join((kind.__doc__ or "").split()),
        "contentType": "application/json",
        "payload": {"$ref": TEMPLATE.format(name=kind.__name__)},
    }
