"""Unattached uploads, and files left by a crash, are deleted after a day."""

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from conversations import services as conversations
from conversations.models import Membership
from media import services
from media.models import Upload
from media.services import blobs
from media.tests.uploads import bring, brought, process, send, stored

pytestmark = pytest.mark.django_db(transaction=True)

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def test_what_was_never_attached_goes_after_a_day(sign_in, alice, group):
    old, new, sent = (brought(sign_in(alice), group, PDF + bytes([n])) for n in range(3))
    send(sign_in(alice), group, sent)
    Upload.objects.filter(id__in=[old["id"], sent["id"]]).update(created_at=timezone.now() - timedelta(hours=25))

    services.delete_outdated(timezone.now() - timedelta(days=1))

    assert {str(id_) for id_ in Upload.objects.values_list("id", flat=True)} == {new["id"], sent["id"]}
    assert len(stored()) == 2


def test_what_kills_its_worker_each_time_has_failed(sign_in, alice, bob, group):
    upload = bring(sign_in(alice), group).json()
    message = send(sign_in(alice), group, upload).json()
    Upload.objects.filter(id=upload["id"]).update(attempts=5)

    process()

    shown = sign_in(bob).get(f"/api/v1/messages/{message['id']}/").json()["attachments"]
    assert [(one["status"], one["is_cleaned"]) for one in shown] == [("failed", False)]


def test_what_belongs_to_an_ended_conversation_goes(sign_in, alice, group):
    send(sign_in(alice), group, brought(sign_in(alice), group))

    conversations.delete_conversation(Membership.objects.of(alice, group.id))
    services.delete_outdated(timezone.now() - timedelta(days=1))

    assert (stored(), Upload.objects.count()) == ([], 0)


def test_files_without_a_row_are_swept_up_when_they_are_old(sign_in, alice, group, storage):
    bring(sign_in(alice), group, PDF)
    orphan, fresh = (storage / "files" / "ab" / name for name in ("1" * 30 + "ab", "2" * 30 + "ab"))
    orphan.parent.mkdir(exist_ok=True)
    for path in (orphan, fresh):
        path.write_bytes(b"left by a crash")
    os.utime(orphan, (time.time() - 90_000,) * 2)

    blobs.sweep_orphans(timezone.now() - timedelta(days=1))

    assert (orphan.exists(), fresh.exists(), len(stored())) == (False, True, 2)


def test_a_file_that_goes_while_it_is_looked_at_is_no_fault(storage, monkeypatch):
    monkeypatch.setattr(blobs, "_names_in", lambda folder: ["1" * 30 + folder[-2:]])

    with capture_logs() as lines:
        blobs.sweep_orphans(timezone.now())

    assert lines == []


def test_a_transaction_that_fails_leaves_no_file(sign_in, alice, group, monkeypatch):
    def fail(**fields):
        raise RuntimeError

    monkeypatch.setattr(Upload.objects, "create", fail)
    client = sign_in(alice)
    client.raise_request_exception = False

    assert bring(client, group, PDF).status_code == 500
    assert stored() == []
