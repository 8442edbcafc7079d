"""The API documents are generated from the code: every command, event and route is in them."""

import re

import httpx
import msgspec
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator

from common.viewsets import handlers_of
from messaging.realtime import close_codes, commands
from messaging.realtime.asyncapi import CLOSING_CODES, COMMAND_TYPES, EVENT_TYPES, document, name_of
from messaging.realtime.protocol import Command

pytestmark = pytest.mark.plain


def test_every_command_has_a_handler_and_a_description() -> None:
    assert set(COMMAND_TYPES) == set(Command.__subclasses__()) == commands.HANDLERS.keys()
    for kind in COMMAND_TYPES + EVENT_TYPES:
        assert kind.__doc__, kind


def test_every_command_and_event_is_in_the_document() -> None:
    shown = document()
    names = {name_of(kind) for kind in COMMAND_TYPES + EVENT_TYPES}

    assert shown["components"]["messages"].keys() == names
    assert shown["channels"]["all"]["messages"].keys() == names
    for message in shown["components"]["messages"].values():
        assert message["summary"]
        assert message["payload"]["$ref"].removeprefix("#/components/schemas/") in shown["components"]["schemas"]
    told = {ref["$ref"].rsplit("/", 1)[1] for op in shown["operations"].values() for ref in op["messages"]}
    assert told == names


def test_every_reference_can_be_resolved() -> None:
    text = msgspec.json.encode(document()).decode()
    shown = document()

    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        found = shown
        for part in reference.split("/"):
            found = found[part]


def test_every_close_code_is_documented() -> None:
    codes = {code for name, code in vars(close_codes).items() if name.isupper()}

    assert codes == CLOSING_CODES.keys()
    assert len(codes) > 8


def test_the_page_and_the_json_are_served(server) -> None:
    page = httpx.get(f"{server.url}/api/asyncapi/", headers={"Accept": "text/html"})
    plain = httpx.get(f"{server.url}/api/asyncapi/", headers={"Accept": "application/json"})
    asked = httpx.get(f"{server.url}/api/asyncapi/?format=json", headers={"Accept": "text/html"})

    assert page.headers["content-type"].startswith("text/html")
    for kind in COMMAND_TYPES + EVENT_TYPES:
        assert name_of(kind) in page.text
    for code in CLOSING_CODES:
        assert str(code) in page.text
    assert plain.json() == asked.json()
    assert plain.json()["asyncapi"] == "3.0.0"


async def test_frames_match_their_schemas(server, signed_up) -> None:
    shown = httpx.get(f"{server.url}/api/asyncapi/?format=json").json()
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    def check(frame: dict) -> None:
        payload = shown["components"]["messages"][frame["type"]]["payload"]
        assert not list(Draft202012Validator({**shown, **payload}).iter_errors(frame)), frame

    async with alice.socket() as mine, bob.socket() as his:
        epoch = his.of("hello")[0]["data"]["epoch"]
        said = await mine.say(group, "Hello @" + bob.name)
        for type_, data in (
            ("sync", {"epoch": epoch, "positions": {group: 1}}),
            ("message.send", {"conversation_id": group, "content": "Hi", "reply_to_id": said["id"], "metadata": {}}),
            ("reaction.add", {"message_id": said["id"], "emoji": "👍"}),
            ("read.mark", {"conversation_id": group, "seq": said["seq"]}),
            ("typing.start", {"conversation_id": group}),
            ("presence.watch", {"user_ids": [alice.id]}),
            ("sync", {"epoch": "another", "positions": {}}),
        ):
            check({"type": type_, "id": "one", "data": data})
            assert (await his.ask(type_, **data))["ok"], type_
        await mine.ask("message.edit", message_id=said["id"], content="Hello you")
        await mine.ask("message.pin", message_id=said["id"])
        await mine.ask("message.delete", message_id=said["id"])
        await his.expect("message.deleted")
        await mine.expect("typing.updated")

    received = {frame["type"] for frame in (*mine.received, *his.received)}
    assert received > {"hello", "sync.complete", "sync.reset", "message.created", "reaction.added", "message.pinned"}
    for frame in (*mine.received, *his.received):
        check(frame)


def documented_routes() -> dict[str, set[str]]:
    """Every address below `/api/v1/` as OpenAPI writes it, with its methods."""
    found = {}

    def walk(patterns, prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
                address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
                found.setdefault(address, set()).update(handlers_of(pattern.callback))

    walk(get_resolver().url_patterns, "")
    return found


@pytest.fixture(scope="module")
def openapi(server) -> dict:
    return httpx.get(f"{server.url}/api/schema/?format=json", timeout=60).json()


def test_openapi_describes_every_route_and_nothing_else(openapi) -> None:
    shown = {path: methods.keys() - {"parameters"} for path, methods in openapi["paths"].items()}
    ours = {path: methods for path, methods in shown.items() if path.startswith("/api/v1/")}

    assert ours == documented_routes()
    for path, methods in ours.items():
        for method in methods:
            operation = openapi["paths"][path][method]
            assert operation.get("summary") or operation.get("description"), (method, path)
            assert any(status.startswith("2") for status in operation["responses"]), (method, path)
