"""How an archive ends: after a week, with its account, and with no file left over."""

import io
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts.models import User
from operations import housekeeping
from operations.models import PersonalExport
from operations.personal_export import create, storage
from operations.tests.personal_export.exports import EXPORT, downloaded, files, made, unpacked, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_after_a_week_row_and_file_are_gone(sign_in, alice, bob) -> None:
    made(sign_in(alice))
    PersonalExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    kept = made(sign_in(bob))

    housekeeping.clean_up(threading.Event())

    assert str(PersonalExport.objects.get().id) == kept["id"]
    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_whose_account_is_deleted_leaves_no_file(sign_in, alice, bob) -> None:
    made(sign_in(alice))
    kept = made(sign_in(bob))
    User.objects.get(id=alice.id).delete()

    housekeeping.clean_up(threading.Event())

    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_whoever_is_erased_takes_their_exports_along(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    made(client)
    client.post(EXPORT)
    kept = made(sign_in(bob))

    accounts.erase(alice)

    assert str(PersonalExport.objects.get().id) == kept["id"]
    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_files_stay_when_an_erasure_is_undone(sign_in, alice, monkeypatch) -> None:
    client = sign_in(alice)
    state = made(client)
    monkeypatch.setattr(accounts.deletion, "publish_account_changed", lambda user: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        accounts.erase(alice)

    assert unpacked(downloaded(client, state))


def test_who_is_erased_while_it_is_made_leaves_nothing(sign_in, alice, monkeypatch) -> None:
    sign_in(alice).post(EXPORT)
    store = create._store

    def late(export_id, file):
        accounts.erase(alice)
        return store(export_id, file)

    monkeypatch.setattr(create, "_store", late)
    work()

    assert not PersonalExport.objects.exists()
    assert files() == []
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


def test_in_slices_too_the_right_files_stay(sign_in, alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(storage, "BATCH", 2)
    client = sign_in(alice)
    kept = {f"{made(client)['id']}.zip" for _ in range(2)}
    for number in range(5):
        default_storage.save(f"exports/0190163d-8694-739b-aea5-966c26f8ad9{number}.zip", io.BytesIO(b"PK"))

    storage.delete_orphaned_files()

    assert {path.name for path in files()} == kept
