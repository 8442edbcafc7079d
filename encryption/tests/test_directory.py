"""The key directory: devices register public keys, permitted people see them, and a log records all changes."""

import json
import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accounts import services as accounts
from accounts.models import Session
from common import publish
from common.clock import now
from conftest import PASSWORD
from conversations import services as conversations
from encryption.bundles import encode
from encryption.models import KeyChange, KeyDevice, Suite
from encryption.services.directory import line_hash
from encryption.tests.devices import TestDevice
from operations.housekeeping import clean_up
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/encryption/"


@pytest.fixture(autouse=True)
def generous(settings) -> None:
    settings.RATE_KEY_DEVICES = "1000/s"


@pytest.fixture
def publications(monkeypatch) -> list:
    heard: list = []
    monkeypatch.setattr(publish, "listeners", [heard.extend])
    return heard


def show(client, device: TestDevice, **more):
    return client.post(f"{URL}devices/", {**device.bundle, **more})


def keys_of(client, user) -> dict:
    answer = client.get(f"{URL}public-key/{user.id}/")
    assert answer.status_code == 200, answer.content
    return answer.json()


def kinds(user) -> list[str]:
    return list(KeyChange.objects.filter(user=user).order_by("number").values_list("kind", flat=True))


def work() -> None:
    while ChatWorker().run_next():
        pass


@pytest.mark.parametrize("suite", list(Suite))
def test_a_device_shows_its_keys_and_others_see_them(sign_in, alice, bob, suite) -> None:
    hers, device = sign_in(alice), TestDevice(alice.id, suite)

    first = show(hers, device, name="Alice's laptop")
    again = show(hers, device, name="Alice's laptop")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["name"], first.json()["is_current"]) == ("Alice's laptop", True)
    found = keys_of(sign_in(bob), alice)
    assert [one["bundle"] for one in found["devices"]] == [device.bundle]
    assert found["devices"][0]["name"] == "", "what she calls it is hers"
    assert found["log"]["number"] == 1
    assert kinds(alice) == ["added"]


def wrong(alice, bob) -> dict[str, dict]:
    """Bundles that are not as they must be, by what is wrong with them."""
    good, other = TestDevice(alice.id), TestDevice(alice.id)
    private = good.signing.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    pem = good.signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "of another person": TestDevice(bob.id).bundle,
        "a signature of another key": good.bundle | {"signature": other.bundle["signature"]},
        "another encryption key": good.bundle | {"encryption_key": other.bundle["encryption_key"]},
        "the signing key twice": good.bundle | {"encryption_key": good.bundle["signing_key"]},
        "keys of another suite": TestDevice(alice.id, Suite.RSA).bundle | {"suite": str(Suite.CURVE)},
        "an unknown suite": good.bundle | {"suite": "rot13"},
        "a private key": good.bundle | {"signing_key": encode(private)},
        "a private key as PEM": good.bundle | {"signing_key": pem},
        "a private key beside": good.bundle | {"private_key": encode(private)},
        "a private JWK": good.bundle | {"d": encode(private)},
        "padding": good.bundle | {"signature": good.bundle["signature"] + "=="},
        "bits that stand for nothing": good.bundle | {"signature": good.bundle["signature"][:-1] + "B"},
        "nothing": {},
    }


def test_anything_else_is_refused_and_nothing_of_it_is_kept_or_logged(sign_in, alice, bob, caplog) -> None:
    client = sign_in(alice)

    for what, bundle in wrong(alice, bob).items():
        answer = client.post(f"{URL}devices/", bundle)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), what
        for value in (value for name, value in bundle.items() if name != "suite"):
            assert value not in answer.content.decode(), what
            assert value not in caplog.text, what

    assert not KeyDevice.objects.exists()
    assert kinds(alice) == []


def test_with_other_keys_it_is_another_device(sign_in, alice) -> None:
    client = sign_in(alice)
    first, second = (show(client, TestDevice(alice.id)).json() for _ in range(2))

    assert first["id"] != second["id"]
    assert [one["id"] for one in keys_of(client, alice)["devices"]] == [second["id"]]
    assert kinds(alice) == ["added", "removed", "added"]


def test_a_device_ends_with_its_sign_in(sign_in, alice, bob) -> None:
    phone, laptop = sign_in(alice), sign_in(alice)
    show(phone, TestDevice(alice.id))
    kept = show(laptop, TestDevice(alice.id)).json()

    phone.post("/api/v1/auth/logout/")
    work()

    assert [one["id"] for one in keys_of(sign_in(bob), alice)["devices"]] == [kept["id"]]
    assert kinds(alice) == ["added", "added", "removed"]


def test_it_ends_as_well_when_the_sign_in_runs_out(sign_in, alice) -> None:
    phone, laptop = sign_in(alice), sign_in(alice)
    show(phone, TestDevice(alice.id))
    show(laptop, TestDevice(alice.id))
    Session.objects.filter(id=phone.session.id).update(expires_at=now() - timedelta(minutes=1))

    clean_up(threading.Event())
    work()

    assert kinds(alice) == ["added", "added", "removed"]
    assert KeyDevice.objects.get(removed_at=None).session == laptop.session


def test_a_device_is_removed_by_its_person_alone(sign_in, alice, bob) -> None:
    hers, his = sign_in(alice), sign_in(bob)
    made = show(hers, TestDevice(alice.id)).json()

    assert his.delete(f"{URL}devices/{made['id']}/").status_code == 404
    assert hers.delete(f"{URL}devices/{made['id']}/").status_code == 204
    assert hers.delete(f"{URL}devices/{made['id']}/").status_code == 404
    assert keys_of(his, alice)["devices"] == []


@pytest.mark.parametrize("suite", list(Suite))
def test_new_keys_are_signed_by_the_old_ones(sign_in, alice, suite) -> None:
    client, old, new = sign_in(alice), TestDevice(alice.id, suite), TestDevice(alice.id)
    made = show(client, old).json()
    proof = old.rotated_to(new, alice.id, made["id"])

    answer = client.put(f"{URL}public-key/", {"device_id": made["id"], "bundle": new.bundle, "signature": proof})

    assert answer.status_code == 200, answer.content
    assert (answer.json()["id"], answer.json()["bundle"]) == (made["id"], new.bundle)
    assert kinds(alice) == ["added", "rotated"]
    (_, line) = client.get(f"{URL}key-log/{alice.id}/").json()["entries"]
    assert (line["proof"], line["bundle"]) == (proof, new.bundle)


def test_without_the_old_key_it_takes_the_password_and_is_marked(sign_in, alice) -> None:
    client, new = sign_in(alice), TestDevice(alice.id)
    made = show(client, TestDevice(alice.id)).json()
    change = {"device_id": made["id"], "bundle": new.bundle}
    stranger = TestDevice(alice.id)

    refused = [
        client.put(f"{URL}public-key/", change),
        client.put(f"{URL}public-key/", {**change, "password": "wrong"}),
        client.put(f"{URL}public-key/", {**change, "signature": stranger.rotated_to(new, alice.id, made["id"])}),
    ]

    assert [answer.json()["code"] for answer in refused] == ["reauthentication_required", "invalid", "invalid"]
    assert client.put(f"{URL}public-key/", {**change, "password": PASSWORD}).status_code == 200
    assert kinds(alice) == ["added", "reset"]


def test_strangers_blocked_and_unknown_people_look_the_same(sign_in, alice, bob, carol) -> None:
    show(sign_in(alice), TestDevice(alice.id))
    accounts.block(alice, carol.id)
    hers = sign_in(carol)

    real = hers.get(f"{URL}public-key/{alice.id}/")
    unknown = hers.get(f"{URL}public-key/{'0' * 8}-0000-7000-8000-{'0' * 12}/")

    assert (real.status_code, unknown.status_code) == (404, 404)
    assert hers.get(f"{URL}key-log/{alice.id}/").status_code == 404
    conversations.create_group(
        bob, name="", description="", member_ids=[alice.id, carol.id], history="all", members_can_invite=False
    )
    assert hers.get(f"{URL}public-key/{alice.id}/").status_code == 200, "in a group she writes for her"


def test_acquaintances_get_key_changed(sign_in, alice, bob, carol, publications) -> None:
    conversations.open_direct(alice, user_id=bob.id)
    client = sign_in(alice)
    publications.clear()

    show(client, TestDevice(alice.id))
    work()

    told = {one.topic: json.loads(one.frame) for one in publications if b"key.changed" in one.frame}
    assert told.keys() == {f"u.{alice.id.hex}", f"u.{bob.id.hex}"}
    assert {frame["data"]["user_id"] for frame in told.values()} == {str(alice.id)}


def test_the_log_is_a_chain(sign_in, alice) -> None:
    client = sign_in(alice)
    for _ in range(3):
        show(client, TestDevice(alice.id))
    lines = list(KeyChange.objects.order_by("number"))
    shown = client.get(f"{URL}key-log/{alice.id}/?after=1").json()

    before = ""
    for line in lines:
        assert line.hash == line_hash(line, before)
        before = line.hash
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert [entry["number"] for entry in shown["entries"]] == [2, 3, 4, 5]
    assert shown["head"] == {"number": 5, "hash": before}
    lines[2].kind = "rotated"
    assert lines[2].hash != line_hash(lines[2], lines[1].hash)


def test_the_number_of_devices_is_limited(sign_in, alice, monkeypatch) -> None:
    monkeypatch.setattr("encryption.services.directory.DEVICES_PER_PERSON", 2)

    codes = [show(sign_in(alice), TestDevice(alice.id)).status_code for _ in range(3)]

    assert codes == [201, 201, 409]


def test_who_is_erased_leaves_none(sign_in, alice) -> None:
    show(sign_in(alice), TestDevice(alice.id))

    accounts.erase(alice)

    assert not KeyDevice.objects.exists()
    assert not KeyChange.objects.exists()
