"""Strangers: for a user who must not know that something exists, the answer is the same as if it did not.

Routes and commands are discovered. One that is not in the tables of `endpoints.py` fails the test.
"""

import uuid
from collections.abc import Iterator

import msgspec
import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from encryption.tests.devices import TestDevice
from messaging.realtime.protocol import COMMANDS
from messaging.tests.client import Person, http
from messaging.tests.endpoints import (
    COMMANDS_WITHOUT_IDS,
    FOR_EVERYONE,
    MEMBERS_ONLY,
    MESSAGE,
    REFUSED_COMMANDS,
    SILENT_COMMANDS,
)

pytestmark = pytest.mark.plain


def routes() -> Iterator[str]:
    """Every route below `/api/v1/` with an id in its path."""

    def walk(patterns, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("api/v1/") and "<" in path:
                yield path.removeprefix("api/v1/")

    return walk(get_resolver().url_patterns, "")


def test_every_route_with_an_id_is_in_the_table() -> None:
    assert set(routes()) == MEMBERS_ONLY.keys() | FOR_EVERYONE


def test_every_command_is_in_the_table() -> None:
    names = {kind.__struct_config__.tag for kind in COMMANDS.__args__}
    assert names == REFUSED_COMMANDS.keys() | SILENT_COMMANDS.keys() | COMMANDS_WITHOUT_IDS


class Scene:
    """alice and bob in a group with a message; carol outside, olga removed from it."""

    def __init__(self, person) -> None:
        self.alice, self.bob, self.carol, self.olga = (person(n) for n in ("alice", "bob", "carol", "olga"))
        self.group = self.alice.group(self.bob, self.olga)
        message = self.alice.write(self.group)
        self.alice.call("DELETE", f"conversations/{self.group}/members/{self.olga.id}/")
        file = {"file": ("plan.txt", b"The plan")}
        upload = self.alice.call("POST", "media/", data={"conversation_id": self.group}, files=file).json()
        self.alice.write(self.group, attachment_ids=[upload["id"]])
        self.bob.write(self.group, f"@{self.alice.name}")
        device = self.alice.post("users/me/devices/", {"provider": "fcm", "token": "a phone"})
        self.real = {
            "conversation": self.group,
            "message": message["id"],
            "upload": upload["id"],
            "device": device["id"],
            "notification": self.alice.get("notifications/mentions/")["results"][0]["id"],
            "key_device": self.alice.post("encryption/devices/", TestDevice(uuid.UUID(self.alice.id)).bundle)["id"],
            "invite": self.alice.post(f"conversations/{self.group}/invites/")["token"],
            "export": self.alice.post("users/me/export/")["id"],
            "report": self.bob.post(f"messages/{message['id']}/report/", {"reason": "spam"})["id"],
            "backup": str(uuid.uuid4()),  # a real one takes a key; who is no staff is refused before it is looked for
            "session": self.alice.get("auth/sessions/")["results"][0]["id"],
            "bob": self.bob.id,
            "carol": self.carol.id,
            "epoch": self.alice.get("sync/")["epoch"],
        }
        ids = (
            "conversation",
            "message",
            "report",
            "session",
            "device",
            "notification",
            "key_device",
            "invite",
            "export",
            "backup",
            "upload",
        )
        self.random = {**self.real, **{name: str(uuid.uuid4()) for name in ids}}

    def state(self) -> object:
        """All that alice and bob can see of it, but for their numbers: the worker tells them of messages meanwhile."""
        paths = (f"conversations/{self.group}/", f"conversations/{self.group}/log/", "sync/")
        return [{**one.get(path), "me_seq": None} for one in (self.alice, self.bob) for path in paths]


def filled(template: object, ids: dict[str, str]):
    text = msgspec.json.encode(template).decode()
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return msgspec.json.decode(text)


def calls() -> Iterator[tuple[str, str, object]]:
    for path, methods in MEMBERS_ONLY.values():
        for method, body in methods.items():
            yield method, path, body


def asked(one: Person, method: str, path: str, body: object) -> tuple[int, dict]:
    answer = one.call(method, path, json=body) if body is not None else one.call(method, path)
    shown = answer.json() if answer.content else {}
    shown.pop("request_id", None)
    return answer.status_code, shown


def test_no_route_reveals_anything_to_strangers(signed_up) -> None:
    scene = Scene(signed_up)
    before = scene.state()

    for method, path, body in calls():
        for stranger in (scene.carol, scene.olga):
            real = asked(stranger, method, filled(path, scene.real), filled(body, scene.real))
            unknown = asked(stranger, method, filled(path, scene.random), filled(body, scene.random))
            assert real == unknown, (method, path)
            assert (real[0], real[1]["code"]) == (404, "not_found"), (method, path, real)

    assert scene.state() == before
    assert scene.alice.code("GET", filled(f"messages/{MESSAGE}/", scene.real)) == "ok"


def test_every_route_needs_a_sign_in(signed_up) -> None:
    scene = Scene(signed_up)
    before = scene.state()

    for method, path, body in [*calls(), ("GET", "users/{bob}/", None)]:
        answers = []
        for ids in (scene.real, scene.random):
            url = f"{scene.alice.server.url}/api/v1/{filled(path, ids)}"
            answer = http.request(method, url, json=filled(body, ids) if body is not None else None)
            shown = answer.json()
            del shown["request_id"]
            answers.append((answer.status_code, shown))
        assert answers[0] == answers[1]
        assert (answers[0][0], answers[0][1]["code"]) == (401, "not_authenticated"), (method, path)

    assert scene.state() == before


async def test_no_command_reveals_anything_to_strangers(signed_up) -> None:
    scene = Scene(signed_up)
    before = scene.state()

    async with scene.alice.socket() as hers:
        for stranger in (scene.carol, scene.olga):
            async with stranger.socket() as socket:
                for name, data in REFUSED_COMMANDS.items():
                    real = await socket.ask(name, **filled(data, scene.real))
                    unknown = await socket.ask(name, **filled(data, scene.random))
                    assert real["error"] == unknown["error"], name
                    assert real["error"]["code"] == "not_found", name
                for name, data in SILENT_COMMANDS.items():
                    for ids in (scene.real, scene.random):
                        assert (await socket.ask(name, **filled(data, ids)))["ok"]
                await socket.quiet()
                told = [{**frame, "ts": ""} for frame in socket.received if frame["type"] not in ("hello", "pong")]
                assert [frame["type"] for frame in told] == ["sync.complete", "sync.complete"]
                assert told[0] == told[1]
        await hers.quiet()

    assert [frame["type"] for frame in hers.received] == ["hello", "pong"]
    assert scene.state() == before


async def test_an_id_in_another_form_is_refused(signed_up) -> None:
    scene = Scene(signed_up)
    group = scene.group
    forms = [group.upper(), group.replace("-", ""), 7, [group], {"id": group}, None, True, "", " " + group, "null"]

    async with scene.carol.socket() as socket:
        for form in forms[:2]:
            reply = await socket.ask("message.send", conversation_id=form, content="Hi")
            assert reply["error"]["code"] == "not_found", form
        for form in forms[2:]:
            reply = await socket.ask("read.mark", conversation_id=form, seq=1)
            assert reply["error"]["code"] == "invalid", form

    assert scene.alice.history(group)[0]["content"] == "Hello"
