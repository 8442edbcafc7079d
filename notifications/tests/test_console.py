"""Pushes in the console: waiting ones, and retrying those that were given up."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import services
from common.clock import now
from notifications.models import Push

pytestmark = pytest.mark.django_db
URL = "/admin/notifications/push/"


@pytest.fixture
def pushes(sign_in, alice):
    phone, _ = services.register_device(sign_in(alice).session, provider="fcm", token="a secret token")
    facts = {"device": phone, "kind": "security", "due_at": now()}
    dead = Push.objects.create(topic=alice.id, dead_at=now(), attempts=8, reason="HTTP 500", **facts)
    waiting = Push.objects.create(topic=phone.id, **facts)
    return dead, waiting


def console(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def try_again(client: Client, *pushes: Push):
    return client.post(URL, {"action": "redrive", "_selected_action": [push.pk for push in pushes]})


def test_an_operator_sees_why_and_tries_again(pushes, olga) -> None:
    client = console(olga)
    shown = client.get(f"{URL}?state=dead").content.decode()
    assert "HTTP 500" in shown
    assert "secret token" not in shown
    assert str(pushes[1].id) not in shown

    assert try_again(client, *pushes).status_code == 302

    dead, waiting = (Push.objects.get(id=push.id) for push in pushes)
    assert (dead.dead_at, dead.attempts) == (None, 0)
    assert (waiting.due_at, waiting.attempts) == (pushes[1].due_at, 0), "what waits stays as it is"


def test_who_may_only_look_tries_nothing_again(pushes, bob) -> None:
    bob.is_staff = True
    bob.save()
    bob.user_permissions.add(Permission.objects.get(codename="view_push"))

    client = console(bob)

    assert client.get(URL).status_code == 200
    try_again(client, *pushes)
    assert Push.objects.dead().count() == 1
