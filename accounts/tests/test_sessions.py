"""Listing and ending sessions."""

import pytest
from django.db import transaction

from accounts import services, tokens
from accounts.models import Session

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/sessions/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/users/me/"


def alive(*clients):
    return [client.get(ME).status_code == 200 for client in clients]


def test_alice_sees_her_sign_ins_and_no_others(sign_in, alice, bob):
    phone, _ = sign_in(alice, device_name="phone", address="2001:db8::1"), sign_in(bob, device_name="other")
    laptop = sign_in(alice, device_name="laptop")

    answer = laptop.get(URL).json()

    assert [(one["device_name"], one["is_current"]) for one in answer["results"]] == [
        ("laptop", True),
        ("phone", False),
    ]
    assert answer["results"][1]["address"] == "2001:db8::1"
    assert answer["results"][1]["id"] == str(phone.session.id)
    assert answer["results"][0]["created_at"].endswith("Z")


def test_the_list_pages(sign_in, alice):
    clients = [sign_in(alice) for _ in range(3)]

    first = clients[0].get(f"{URL}?limit=2").json()
    second = clients[0].get(first["next"]).json()

    seen = [one["id"] for one in first["results"] + second["results"]]
    assert seen == [str(client.session.id) for client in reversed(clients)]
    assert second["next"] is None


def test_ending_a_session_ends_only_that_one_and_publishes_it(sign_in, alice, publications):
    phone, laptop = sign_in(alice), sign_in(alice)  # of which she is told, by the number 1

    response = laptop.delete(f"{URL}{phone.session.id}/")

    assert response.status_code == 204
    assert alive(phone, laptop) == [False, True]
    assert [(one.topic, one.seq, one.frame) for one in publications] == [(f"u.{alice.id.hex}", 2, b"")]


def test_ending_all_others_keeps_this_one(sign_in, alice, bob, publications):
    clients = [sign_in(alice) for _ in range(3)]
    other = sign_in(bob)

    assert clients[1].delete(URL).status_code == 204

    assert alive(*clients, other) == [False, True, False, True]
    assert len(publications) == 1
    assert clients[1].delete(URL).status_code == 204
    assert len(publications) == 1


def test_a_stranger_cannot_end_a_session_nor_learn_of_it(sign_in, alice, bob):
    hers, his = sign_in(alice), sign_in(bob)

    foreign = his.delete(f"{URL}{hers.session.id}/")
    missing = his.delete(f"{URL}01a1fc79-6e7a-7622-81c2-01a376f5dac6/")

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert alive(hers) == [True]
    assert his.delete(f"{URL}nonsense/").status_code == 404


def test_ending_twice_is_not_found_the_second_time(sign_in, alice):
    phone, laptop = sign_in(alice), sign_in(alice)

    answers = [laptop.delete(f"{URL}{phone.session.id}/").status_code for _ in range(2)]

    assert answers == [204, 404]


def test_logging_out_ends_this_session_alone(sign_in, alice, publications):
    phone, laptop = sign_in(alice), sign_in(alice)

    assert phone.post(LOGOUT).status_code == 204

    assert alive(phone, laptop) == [False, True]
    assert len(publications) == 1


def test_logging_out_with_the_refresh_token_needs_no_access_token(api, alice):
    session = services.open_session(alice)

    response = api.post(LOGOUT, {"refresh": tokens.refresh_token(session)}, HTTP_AUTHORIZATION="Bearer expired")

    assert response.status_code == 204
    assert not Session.objects.live().exists()


def test_an_older_refresh_token_still_logs_out(api, alice):
    session = services.open_session(alice)
    old = tokens.refresh_token(session)
    services.refresh(old)

    assert api.post(LOGOUT, {"refresh": old}).status_code == 204
    assert not Session.objects.live().exists()


def test_logging_out_needs_a_token(api, alice):
    services.open_session(alice)

    for body in ({}, {"refresh": "x"}):
        assert (api.post(LOGOUT, body).status_code, Session.objects.live().count()) == (401, 1)


def test_nothing_rings_when_the_transaction_fails(alice, publications):
    session = services.open_session(alice)
    with transaction.atomic():
        services.end_session(alice, session.id)
        transaction.set_rollback(True)

    assert publications == []
    assert Session.objects.live().exists()
