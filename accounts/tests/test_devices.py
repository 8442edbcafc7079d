"""Devices that get pushes."""

import pytest

from accounts import services
from accounts.models import Device
from accounts.services.devices import DEVICES_PER_PERSON
from accounts.tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/users/me/devices/"
SUBSCRIPTION = {
    "endpoint": "https://push.example.org/send/1",
    "expirationTime": None,
    "keys": {"p256dh": "B" * 87, "auth": "a" * 22},
}


def fcm(token="a token", **more):
    return {"provider": "fcm", "token": token, **more}


def test_alice_has_several_and_sees_no_token(sign_in, alice, bob):
    phone, laptop = sign_in(alice), sign_in(alice)
    sign_in(bob).post(URL, fcm("bob's"))
    assert phone.post(URL, fcm(name="Phone")).status_code == 201
    assert laptop.post(URL, {"provider": "webpush", "subscription": SUBSCRIPTION}).status_code == 201

    listed = phone.get(URL)

    rows = listed.json()["results"]
    assert [(row["provider"], row["name"], row["is_current"]) for row in rows] == [
        ("webpush", "", False),
        ("fcm", "Phone", True),
    ]
    assert b"a token" not in listed.content
    assert b"push.example.org" not in listed.content


def test_registering_again_changes_only_its_name(sign_in, alice):
    client = sign_in(alice)
    first = client.post(URL, fcm())

    again = client.post(URL, fcm(name="New phone"))

    assert (again.status_code, again.json()["id"], again.json()["name"]) == (200, first.json()["id"], "New phone")
    assert Device.objects.count() == 1


def test_a_token_belongs_to_the_last_person_who_registered_it(sign_in, alice, bob):
    hers, his = sign_in(alice), sign_in(bob)
    hers.post(URL, fcm())

    assert his.post(URL, fcm()).status_code == 201

    assert hers.get(URL).json()["results"] == []
    assert len(his.get(URL).json()["results"]) == 1


def test_it_goes_with_the_sign_in_that_registered_it(sign_in, alice):
    phone, laptop = sign_in(alice), sign_in(alice)
    phone.post(URL, fcm("phone"))
    laptop.post(URL, fcm("laptop"))

    phone.post("/api/v1/auth/logout/")

    assert [device.token for device in Device.objects.all()] == ["laptop"]


def test_only_alice_can_delete_her_device(sign_in, alice, bob):
    client = sign_in(alice)
    url = f"{URL}{client.post(URL, fcm()).json()['id']}/"

    assert sign_in(bob).delete(url).status_code == 404
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404


def test_the_oldest_goes_when_there_are_too_many(sign_in, alice):
    session = services.open_session(alice)
    for n in range(DEVICES_PER_PERSON + 3):
        services.register_device(session, provider="fcm", token=f"token {n}")

    kept = set(Device.objects.values_list("token", flat=True))

    assert kept == {f"token {n}" for n in range(3, DEVICES_PER_PERSON + 3)}


def test_ten_concurrent_registrations_of_a_token_are_one_device(alice, bob):
    sessions = [services.open_session(user) for user in (alice, bob)] * 5

    at_once(10, lambda: services.register_device(sessions.pop(), provider="fcm", token="same")[0].id)

    assert Device.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "fcm"},
        {"provider": "webpush"},
        {"provider": "webpush", "token": "x"},
        {"provider": "apns", "token": "x"},
        fcm(""),
        fcm("x" * 4097),
        fcm("a\u0000b"),
        {"provider": "webpush", "subscription": {**SUBSCRIPTION, "endpoint": "http://push.example.org/"}},
        {"provider": "webpush", "subscription": {**SUBSCRIPTION, "endpoint": "https://user@push.example.org/"}},
        {"provider": "webpush", "subscription": {**SUBSCRIPTION, "endpoint": "file:///etc/passwd"}},
        {"provider": "webpush", "subscription": {**SUBSCRIPTION, "keys": {"p256dh": "x", "auth": "a" * 22}}},
    ],
)
def test_what_does_not_fit_is_refused(sign_in, alice, body):
    assert sign_in(alice).post(URL, body).status_code == 400
    assert not Device.objects.exists()


def test_strangers_have_none(api):
    assert api.get(URL).status_code == api.post(URL, fcm()).status_code == 401
