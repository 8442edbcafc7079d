"""Deleting one's account: asked for, undone by signing in, and done when its time has come."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django_tasks_db.models import DBTaskResult

from accounts import services
from accounts.models import Block, Session, User
from common.clock import now
from conftest import PASSWORD
from conversations import services as conversations
from conversations.models import Conversation, Membership
from messaging.services import send_message
from messaging.wire.writing import NewMessage
from operations import erasure, housekeeping
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/users/me/"
LOGIN = "/api/v1/auth/login/"


@pytest.fixture
def group(alice, bob, carol):
    made = conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id, carol.id], history="all", members_can_invite=False
    )
    send_message(alice, conversation_id=made.id, message=NewMessage("What I wrote stays"))
    return made


def ask(client, password=PASSWORD):
    return client.delete(ME, {"password": password})


def let_time_pass():
    """The grace period is over, and the worker has done what is due."""
    User.objects.filter(erase_at__isnull=False).update(erase_at=now() - timedelta(seconds=1))
    worker = ChatWorker()
    worker.maintain()
    while worker.run_next():
        pass


def roles(group):
    return {
        m.user.username: m.role for m in Membership.objects.live().filter(conversation=group).select_related("user")
    }


def test_it_takes_the_password_and_says_when(sign_in, alice, settings):
    settings.ACCOUNT_ERASURE_DELAY = timedelta(days=3)
    client = sign_in(alice)
    assert ask(client, "wrong").json()["errors"][0]["field"] == "password"
    assert client.delete(ME, {}).status_code == 400

    answer = ask(client)

    assert answer.status_code == 202
    assert set(answer.json()) == {"erase_at"}
    left = User.objects.get(id=alice.id).erase_at - now()
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)


def test_alice_is_signed_out_everywhere_and_found_no_more(sign_in, alice, bob, mailbox):
    client, other, bobs = sign_in(alice), sign_in(alice), sign_in(bob)

    ask(client)

    assert [one.get(ME).status_code for one in (client, other)] == [401, 401]
    assert bobs.get(f"/api/v1/users/{alice.id}/").status_code == 404
    assert bobs.get("/api/v1/users/?search=alice").json()["results"] == []
    assert "will be deleted" in mailbox.to("alice@example.org")[-1].subject


def test_signing_in_keeps_the_account(sign_in, alice, bob, api, mailbox):
    ask(sign_in(alice))

    assert api.post(LOGIN, {"login": "alice", "password": PASSWORD}).status_code == 200

    assert "will not be deleted" in mailbox.to("alice@example.org")[-1].subject
    let_time_pass()
    assert sign_in(bob).get(f"/api/v1/users/{alice.id}/").json()["username"] == "alice"


def test_before_its_time_nothing_is_erased(sign_in, alice):
    ask(sign_in(alice))

    erasure.queue_due_erasures()
    assert not ChatWorker().run_next()

    assert User.objects.get(id=alice.id).email == "alice@example.org"


def everything_in_the_database():
    tables = [model._meta.db_table for model in apps.get_models() if model is not DBTaskResult]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            yield from map(str, cursor.fetchall())


def test_nothing_personal_is_left_and_what_alice_wrote_stays(sign_in, alice, bob, group, api):
    client = sign_in(alice, device_name="Canary phone", address="198.51.100.7")
    client.patch(ME, {"bio": "Canary bio", "full_name": "Canary Name"})
    client.post("/api/v1/users/me/devices/", {"provider": "fcm", "token": "canary token"})
    client.patch(f"/api/v1/conversations/{group.id}/members/me/", {"nickname": "Canary nick"})
    services.block(bob, alice.id)
    canaries = ("Canary", "canary token", "198.51.100.7", "alice@example.org", "'alice'", alice.password)
    assert all(any(canary in row for row in everything_in_the_database()) for canary in canaries)

    ask(client)
    let_time_pass()

    assert [canary for canary in canaries if any(canary in row for row in everything_in_the_database())] == []
    (message,) = sign_in(bob).get(f"/api/v1/conversations/{group.id}/messages/").json()["results"]
    assert message["content"] == "What I wrote stays"
    assert message["sender"]["full_name"] == "Deleted user"
    assert message["sender"]["username"].startswith("deleted-")
    assert not Session.objects.filter(user=alice).exists()
    assert not Block.objects.exists()
    for login in ("alice", "alice@example.org", message["sender"]["username"]):
        assert api.post(LOGIN, {"login": login, "password": PASSWORD}).status_code == 401


def test_the_oldest_admin_becomes_the_owner(sign_in, alice, bob, carol, group):
    owner = Membership.objects.of(alice, group.id)
    conversations.change_role(owner, user_id=carol.id, role="admin")

    ask(sign_in(alice))
    let_time_pass()

    assert roles(group) == {"bob": "member", "carol": "owner"}


def test_without_admins_the_oldest_member_does(sign_in, alice, group):
    ask(sign_in(alice))
    let_time_pass()

    assert roles(group) == {"bob": "owner", "carol": "member"}


def test_another_owner_is_enough(sign_in, alice, carol, group):
    conversations.change_role(Membership.objects.of(alice, group.id), user_id=carol.id, role="owner")

    ask(sign_in(alice))
    let_time_pass()

    assert roles(group) == {"bob": "member", "carol": "owner"}


def test_the_log_says_it_in_order(sign_in, alice, bob, group):
    client = sign_in(bob)
    head = client.get(f"/api/v1/conversations/{group.id}/").json()["seq"]

    ask(sign_in(alice))
    let_time_pass()

    entries = client.get(f"/api/v1/conversations/{group.id}/log/?after={head}").json()["entries"]
    assert [(e["type"], e["data"]["member"]["role"]) for e in entries] == [
        ("member.updated", "owner"),
        ("member.removed", "owner"),
    ]
    assert "alice" not in json.dumps(entries)
    row = client.get(f"/api/v1/conversations/{group.id}/").json()
    assert (row["member_count"], row["seq"]) == (2, head + 2)


def test_a_direct_conversation_stays_to_be_read(sign_in, alice, bob):
    direct, _ = conversations.open_direct(alice, user_id=bob.id)
    send_message(alice, conversation_id=direct.id, message=NewMessage("Farewell"))

    ask(sign_in(alice))
    let_time_pass()

    client = sign_in(bob)
    row = client.get(f"/api/v1/conversations/{direct.id}/").json()
    assert (row["name"], row["last_message"]["content"]) == ("Deleted user", "Farewell")
    refused = client.post(f"/api/v1/conversations/{direct.id}/messages/", {"content": "Are you there?"})
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")


def test_alone_in_a_group_nobody_inherits(sign_in, alice):
    made = conversations.create_group(
        alice, name="Notes", description="", member_ids=[], history="all", members_can_invite=False
    )

    ask(sign_in(alice))
    let_time_pass()

    assert roles(made) == {}
    assert Conversation.objects.get(id=made.id).member_count == 0


def test_nobody_passes_for_alice_soon_after(sign_in, alice, bob, person):
    ask(sign_in(alice))
    let_time_pass()

    for name in ("alice", "ALICE", "a1ice", "\u0430lice"):
        answer = sign_in(bob).patch(ME, {"username": name})
        assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    assert person("alice_2")


def test_a_name_rests_for_a_year(sign_in, alice, bob):
    ask(sign_in(alice))
    let_time_pass()
    resting = apps.get_model("accounts.RestingName").objects
    assert resting.first().until - now() > timedelta(days=364)

    resting.update(until=now() - timedelta(seconds=1))

    assert sign_in(bob).patch(ME, {"username": "alice"}).status_code == 200
    assert [rows.model.__name__ for rows in housekeeping.expired_rows() if rows.exists()] == ["RestingName"]


def test_a_task_that_was_killed_in_the_middle_goes_on(sign_in, alice, group, monkeypatch):
    ask(sign_in(alice))
    User.objects.filter(id=alice.id).update(erase_at=now() - timedelta(seconds=1))
    with monkeypatch.context() as broken:
        broken.setattr(services, "erase", lambda user: 1 / 0)
        worker = ChatWorker()
        worker.maintain()
        assert worker.run_next()
    assert roles(group) == {"bob": "owner", "carol": "member"}
    assert User.objects.get(id=alice.id).erased_at is None

    DBTaskResult.objects.update(run_after=now())
    let_time_pass()

    assert User.objects.get(id=alice.id).erased_at
    assert roles(group) == {"bob": "owner", "carol": "member"}


def test_it_is_queued_once_and_anew_when_it_failed_for_good(sign_in, alice):
    ask(sign_in(alice))
    User.objects.filter(id=alice.id).update(erase_at=now() - timedelta(seconds=1))
    for _ in range(3):
        erasure.queue_due_erasures()
    assert DBTaskResult.objects.count() == 1

    DBTaskResult.objects.update(status="FAILED")
    erasure.queue_due_erasures()

    assert DBTaskResult.objects.count() == 2


def test_who_was_suspended_meanwhile_is_erased_as_well(sign_in, alice, olga):
    ask(sign_in(alice))
    services.suspend(olga, alice)

    let_time_pass()

    assert User.objects.get(id=alice.id).erased_at
    services.erase(User.objects.get(id=alice.id))
    assert User.objects.get(id=alice.id).full_name == "Deleted user"
