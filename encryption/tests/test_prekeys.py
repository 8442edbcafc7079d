"""Prekeys: a device leaves keys for one message each, and everybody who writes to it gets a different one."""

from collections import Counter

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.tests.at_once import at_once
from conftest import PASSWORD
from conversations import services as conversations
from encryption import services
from encryption.bundles import encode
from encryption.models import KeyDevice, Prekey, Suite
from encryption.tests.devices import TestDevice
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/encryption/prekeys/"
DEVICES = "/api/v1/encryption/devices/"


class Phone:
    """A device of somebody that is in the directory."""

    def __init__(self, client, user, suite: Suite = Suite.CURVE) -> None:
        self.client, self.keys = client, TestDevice(user.id, suite)
        answer = client.post(DEVICES, self.keys.bundle)
        assert answer.status_code == 201, answer.content
        self.id = answer.json()["id"]

    def prekeys(self, *numbers: int) -> list[dict]:
        return [self.keys.prekey(self.id, number) for number in numbers]

    def give(self, one_time: list[dict], fallback: dict | None = None):
        return self.client.post(URL, {"one_time": one_time, "fallback": fallback})

    def stock(self) -> tuple[int, bool, int]:
        """What is left of its one-time keys, whether it has a fallback, and its last number."""
        answer = self.client.get(URL)
        assert answer.status_code == 200, answer.content
        return tuple(answer.json().values())


@pytest.fixture
def phone(sign_in, alice) -> Phone:
    return Phone(sign_in(alice), alice)


@pytest.fixture
def generous(settings) -> None:
    settings.RATE_PREKEYS = "100000/s"


def claim(client, *device_ids: object) -> list[dict]:
    answer = client.post(f"{URL}claim/", {"device_ids": [str(one) for one in device_ids]})
    assert answer.status_code == 200, answer.content
    return answer.json()["prekeys"]


def numbers(claimed: list[dict]) -> list[int]:
    return [one["number"] for one in claimed]


@pytest.mark.parametrize("suite", list(Suite))
def test_each_asker_gets_a_different_key(sign_in, alice, bob, carol, suite) -> None:
    phone = Phone(sign_in(alice), alice, suite)
    first, second = phone.prekeys(1, 2)

    given = phone.give([second, first])

    assert (given.status_code, given.json()) == (200, {"one_time": 2, "has_fallback": False, "last_number": 2})
    shown = {"device_id": phone.id, "is_fallback": False}
    assert claim(sign_in(bob), phone.id) == [{**shown, **first}]
    assert claim(sign_in(carol), phone.id) == [{**shown, **second}]
    assert claim(sign_in(bob), phone.id) == []
    assert phone.stock() == (0, False, 2)


def test_when_none_is_left_there_is_the_fallback(sign_in, bob, phone) -> None:
    one, old, new = phone.prekeys(1, 2, 3)
    phone.give([one], fallback=old)
    his = sign_in(bob)

    claimed = [claim(his, phone.id)[0] for _ in range(3)]
    phone.give([], fallback=new)

    assert [(key["number"], key["is_fallback"]) for key in claimed] == [(1, False), (2, True), (2, True)]
    assert numbers(claim(his, phone.id)) == [3]
    assert phone.stock() == (0, True, 3)
    phone.give(phone.prekeys(4))
    assert phone.stock() == (1, True, 4), "without another one it stays"


def test_one_answer_for_many_devices(sign_in, alice, bob, carol, phone) -> None:
    laptop, hers = Phone(sign_in(alice), alice), Phone(sign_in(carol), carol)
    phone.give(phone.prekeys(1, 2))
    hers.give(hers.prekeys(7))

    found = claim(sign_in(bob), hers.id, phone.id, laptop.id, phone.id, "0" * 8 + "-0000-7000-8000-" + "0" * 12)

    assert [(key["device_id"], key["number"]) for key in found] == sorted([(phone.id, 1), (hers.id, 7)])


def test_giving_the_same_again_is_harmless(sign_in, bob, phone) -> None:
    one_time, fallback = phone.prekeys(1, 2, 3), phone.keys.prekey(phone.id, 4)
    first = phone.give(one_time, fallback)
    again = phone.give(one_time, fallback)
    assert again.json() == first.json() == {"one_time": 3, "has_fallback": True, "last_number": 4}

    his = sign_in(bob)
    assert numbers(claim(his, phone.id)) == [1]
    phone.give([], fallback=phone.keys.prekey(phone.id, 5))
    late = phone.give(one_time, fallback)

    assert (late.status_code, late.json()) == (200, {"one_time": 2, "has_fallback": True, "last_number": 5})
    assert [numbers(claim(his, phone.id)) for _ in range(3)] == [[2], [3], [5]], "what is gone does not come back"


def test_a_number_belongs_to_one_key(phone) -> None:
    one, two = phone.prekeys(1, 2)
    phone.give([one], fallback=two)

    for answer in (
        phone.give(phone.prekeys(1)),
        phone.give([], fallback=phone.keys.prekey(phone.id, 2)),
        phone.give([two]),
        phone.give(phone.prekeys(3, 1)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert phone.stock() == (1, True, 2)


def test_a_number_that_is_gone_does_not_come_again(sign_in, bob, phone) -> None:
    phone.give(phone.prekeys(1))
    his = sign_in(bob)
    claim(his, phone.id)

    answer = phone.give(phone.prekeys(1))

    assert answer.json() == {"one_time": 0, "has_fallback": False, "last_number": 1}
    assert claim(his, phone.id) == []


def test_it_takes_a_device(sign_in, alice, phone) -> None:
    other = sign_in(alice)

    answers = [other.get(URL), other.post(URL, {"one_time": phone.prekeys(1)})]
    phone.client.delete(f"{DEVICES}{phone.id}/")
    answers.append(phone.give(phone.prekeys(1)))

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "conflict")] * 3


def wrong(phone: Phone, alice) -> dict[str, dict]:
    """Keys that are not as they must be, by what is wrong with them."""
    good, other = phone.prekeys(1, 1)
    private = phone.keys.encrypting.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    pem = phone.keys.encrypting.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "of another device": TestDevice(alice.id).prekey(phone.id, 1),
        "for another device": phone.keys.prekey("0" * 8 + "-0000-7000-8000-" + "0" * 12, 1),
        "for another number": good | {"number": 2},
        "another key": good | {"key": other["key"]},
        "a signing key": good | {"key": phone.keys.bundle["signing_key"]},
        "of another suite": TestDevice(alice.id, Suite.RSA).prekey(phone.id, 1),
        "a private key": good | {"key": encode(private)},
        "a private key cut to size": good | {"key": encode(private[-44:])},
        "a private key as PEM": good | {"key": pem},
        "a private key beside": good | {"private_key": encode(private)},
        "padding": good | {"signature": good["signature"] + "=="},
        "bits that stand for nothing": good | {"signature": good["signature"][:-1] + "B"},
        "number 0": phone.keys.prekey(phone.id, 0),
        "a huge number": phone.keys.prekey(phone.id, 2**31),
        "nothing": {},
    }


def test_anything_else_is_refused_and_nothing_of_it_is_kept_or_logged(alice, phone, caplog) -> None:
    for what, prekey in wrong(phone, alice).items():
        for answer in (phone.give([*phone.prekeys(3), prekey]), phone.give(phone.prekeys(3), fallback=prekey)):
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), what
            for value in (value for name, value in prekey.items() if name != "number"):
                assert value not in answer.content.decode(), what
                assert value not in caplog.text, what

    twice = phone.prekeys(1, 1)
    assert phone.give(twice).status_code == 400
    assert phone.give(phone.prekeys(1)).status_code == 200, "it is not the device"
    assert phone.stock() == (1, False, 1)


def test_at_most_so_many_at_once_and_in_store(phone, monkeypatch) -> None:
    monkeypatch.setattr("encryption.services.prekeys.MAX_STORED", 3)
    assert phone.give([phone.keys.prekey(phone.id, 1)] * 101).json()["code"] == "invalid"
    assert phone.client.post(f"{URL}claim/", {"device_ids": []}).json()["code"] == "invalid"
    assert phone.client.post(f"{URL}claim/", {"device_ids": [phone.id] * 101}).json()["code"] == "invalid"

    codes = [phone.give(phone.prekeys(n, n + 1)).status_code for n in (1, 3)]

    assert codes == [200, 409]
    assert phone.stock() == (2, False, 2)
    assert phone.give(phone.prekeys(3), fallback=phone.keys.prekey(phone.id, 4)).status_code == 200


def test_strangers_and_unknown_people_look_the_same(sign_in, alice, bob, carol, phone) -> None:
    phone.give(phone.prekeys(1), fallback=phone.keys.prekey(phone.id, 2))
    accounts.block(alice, carol.id)
    hers = sign_in(carol)

    assert claim(hers, phone.id) == []
    assert phone.stock() == (1, True, 2)
    conversations.create_group(
        bob, name="", description="", member_ids=[alice.id, carol.id], history="all", members_can_invite=False
    )
    assert numbers(claim(hers, phone.id)) == [1], "in a group she writes for her"


def test_one_person_cannot_claim_all_keys_of_a_device(sign_in, bob, carol, phone, settings) -> None:
    settings.RATE_PREKEYS = "2/m"
    phone.give(phone.prekeys(1, 2, 3, 4))
    his = sign_in(bob)

    before = [claim(his, phone.id) for _ in range(3)]
    phone.give([], fallback=phone.keys.prekey(phone.id, 9))

    assert [numbers(claimed) for claimed in before] == [[1], [2], []]
    assert numbers(claim(his, phone.id)) == [9]
    assert numbers(claim(sign_in(carol), phone.id)) == [3], "others are not limited by it"


def test_they_end_with_the_keys_that_signed_them(sign_in, alice, bob, phone) -> None:
    his, laptop = sign_in(bob), Phone(sign_in(alice), alice)
    for one in (phone, laptop):
        one.give(one.prekeys(1, 2), fallback=one.keys.prekey(one.id, 3))
    new = TestDevice(alice.id)
    change = {"device_id": phone.id, "bundle": new.bundle, "password": PASSWORD}

    assert phone.client.put("/api/v1/encryption/public-key/", change).status_code == 200
    laptop.client.post("/api/v1/auth/logout/")
    while ChatWorker().run_next():
        pass

    assert claim(his, phone.id, laptop.id) == []
    assert not Prekey.objects.exists()
    assert phone.stock() == (0, False, 3), "its numbers go on"
    assert phone.give(phone.prekeys(4)).json()["code"] == "invalid", "signed by the old key"
    phone.keys = new
    assert phone.give(phone.prekeys(4)).status_code == 200


def test_asking_for_more_takes_no_more_queries(sign_in, alice, bob, carol, phone) -> None:
    hers = Phone(sign_in(carol), carol)
    for one in (phone, hers):
        one.give(one.prekeys(1, 2, 4), fallback=one.keys.prekey(one.id, 3))
    his, counts = sign_in(bob), []
    claim(his, phone.id)

    for ids in ([phone.id], [phone.id, hers.id]):
        with CaptureQueriesContext(connection) as queries:
            assert len(claim(his, *ids)) == len(ids)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_of_a_thousand_asks_at_once_no_two_get_the_same_key(sign_in, alice, bob, phone, generous) -> None:
    laptop = Phone(sign_in(alice), alice)
    for one in (phone, laptop):
        for start in (1, 101):
            given = one.give(one.prekeys(*range(start, start + 100)))
        one.give([], fallback=one.keys.prekey(one.id, 500))
        assert given.json()["one_time"] == 200
    devices = [KeyDevice.objects.get(id=one.id).id for one in (phone, laptop)]

    def ask() -> list[Prekey]:
        return [key for _ in range(125) for key in services.claim_prekeys(bob, devices)]

    claimed = [key for found in at_once(8, ask) for key in found]

    assert len(claimed) == 2000
    times = Counter((key.device_id, key.number) for key in claimed if not key.is_fallback)
    assert len(times) == 400
    assert set(times.values()) == {1}
    assert Counter(key.device_id for key in claimed if key.is_fallback) == dict.fromkeys(devices, 800)
