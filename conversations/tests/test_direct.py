"""Direct conversations: one per pair of users, whoever asks for it and however often."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import Block


async def test_the_first_request_creates_it_and_the_second_finds_it(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    async with bob.socket() as his:
        made = await asyncio.to_thread(alice.call, "POST", "conversations/", json=with_(bob))
        await his.enters(made.json()["id"])
        await asyncio.to_thread(alice.write, made.json()["id"], "Hi")
        await his.expect("message.created")
    found = bob.call("POST", "conversations/", json=with_(alice))

    assert (made.status_code, found.status_code) == (201, 200)
    assert made.json()["id"] == found.json()["id"]
    assert (made.json()["peer"]["id"], found.json()["peer"]["id"]) == (bob.id, alice.id)
    assert made.json()["name"] == bob.name
    assert found.json()["capabilities"] == ["send_message", "react", "pin_messages"]


def with_(other) -> dict[str, str]:
    return {"kind": "direct", "user_id": other.id}


def test_fifty_simultaneous_requests_from_both_users_create_one(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    with ThreadPoolExecutor(10) as threads:
        pairs = [(alice, bob), (bob, alice)] * 25
        answers = list(threads.map(lambda pair: pair[0].call("POST", "conversations/", json=with_(pair[1])), pairs))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [len(one.get("conversations/")["results"]) for one in (alice, bob)] == [1, 1]


def test_a_direct_conversation_with_oneself_or_an_unknown_user_is_refused(signed_up) -> None:
    alice = signed_up("alice")

    assert alice.code("POST", "conversations/", with_(alice)) == "invalid"
    assert alice.code("POST", "conversations/", {"kind": "direct", "user_id": str(uuid.uuid4())}) == "not_found"
    assert alice.code("POST", "conversations/", {"kind": "direct"}) == "invalid"
    assert alice.get("conversations/")["results"] == []

    assert alice.code("POST", "conversations/", with_(signed_up("bob"))) == "ok"


def test_a_direct_conversation_cannot_be_left_joined_or_changed(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    path = f"conversations/{alice.post('conversations/', with_(bob))['id']}/"

    assert alice.code("POST", f"{path}members/", {"user_id": carol.id}) == "permission_denied"
    assert alice.code("DELETE", f"{path}members/me/") == "permission_denied"
    assert alice.code("DELETE", f"{path}members/{bob.id}/") == "permission_denied"
    assert alice.code("PATCH", path, {"name": "Ours"}) == "permission_denied"
    assert alice.code("DELETE", path) == "permission_denied"
    assert carol.code("POST", f"{path}join/") == "not_found"

    assert bob.code("PATCH", f"{path}members/me/", {"is_pinned": True}) == "ok"
    assert {m["user"]["id"] for m in bob.get(f"{path}members/")["results"]} == {alice.id, bob.id}


@pytest.mark.django_db(transaction=True)
def test_a_blocked_user_cannot_open_a_direct_conversation(make_people, sign_in) -> None:
    alice, bob, carol = make_people("alice", "bob", "carol")
    Block.objects.create(blocker=bob, blocked=alice)
    hers, his = sign_in(alice), sign_in(bob)

    refused = hers.post("/api/v1/conversations/", {"kind": "direct", "user_id": str(bob.id)})
    group = hers.post("/api/v1/conversations/", {"kind": "group", "name": "Us", "member_ids": [str(bob.id)]})
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
    assert (group.status_code, group.json()["code"]) == (403, "blocked")
    assert his.get("/api/v1/conversations/").json()["results"] == []

    assert hers.post("/api/v1/conversations/", {"kind": "direct", "user_id": str(carol.id)}).status_code == 201
    opened = his.post("/api/v1/conversations/", {"kind": "direct", "user_id": str(alice.id)})
    said = hers.post(f"/api/v1/conversations/{opened.json()['id']}/messages/", {"content": "Ha"})
    assert (said.status_code, said.json()["code"]) == (403, "blocked")


@pytest.fixture
def make_people(transactional_db):
    from accounts import services

    def make_people(*names: str) -> list:
        return [
            services.create_person(email=f"{name}@example.org", username=name, password="correct horse battery")
            for name in names
        ]

    return make_people
