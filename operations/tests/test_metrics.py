"""`/metrics`: what waits, for whoever may know."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts import services
from common.clock import now
from notifications.models import Push
from operations.erasure import erase_person

pytestmark = pytest.mark.django_db(transaction=True)


def read(client, **headers) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_it_counts_what_waits_and_what_was_given_up(client, sign_in, alice) -> None:
    phone, _ = services.register_device(sign_in(alice).session, provider="fcm", token="a phone")
    Push.objects.create(device=phone, topic=alice.id, kind="security", due_at=now())
    Push.objects.create(device=phone, topic=phone.id, kind="security", due_at=now(), dead_at=now())
    erase_person.enqueue(str(alice.id))

    found = read(client)

    assert found["chat_pushes", "waiting"] == found["chat_pushes", "dead"] == 1
    assert found["chat_tasks", "default", "ready"] == 1
    assert 0 <= found["chat_pushes_overdue_seconds",] < 60
    assert found["chat_sessions",] == 1


def test_without_a_token_only_this_machine_reads_it(client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_with_a_token_whoever_knows_it_does(client, settings) -> None:
    settings.METRICS_TOKEN = "a long secret"

    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert read(client, Authorization="Bearer a long secret")
    assert client.post("/metrics").status_code == 405
