"""Asking for one's archive: it is queued and then done, one at a time, three a day."""

import time
from datetime import timedelta

import pytest
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from accounts.tests.at_once import at_once
from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, http
from operations.models import PersonalExport
from operations.personal_export import create
from operations.tests.personal_export.exports import EXPORT, downloaded, files, lines, made, unpacked, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_export_is_queued_then_done(sign_in, alice) -> None:
    client = sign_in(alice)

    queued = client.post(EXPORT).json()
    work()
    done = client.get(f"{EXPORT}{queued['id']}/").json()

    assert (queued["status"], queued["progress"], queued["download_url"]) == ("queued", 0, None)
    assert (queued["size"], queued["finished_at"], queued["expires_at"]) == (None, None, None)
    assert (done["status"], done["progress"]) == ("done", 100)
    assert done["download_url"] == f"http://testserver{EXPORT}{done['id']}/archive/"
    assert done["size"] == len(downloaded(client, done)) == files()[0].stat().st_size
    assert files()[0].name == f"{done['id']}.zip"
    export = PersonalExport.objects.get()
    assert export.expires_at - export.finished_at == timedelta(days=7)
    assert client.get(EXPORT).json()["results"] == [done]


def test_asking_again_while_one_is_made_gives_that_one(sign_in, alice, bob) -> None:
    client = sign_in(alice)

    ids = {client.post(EXPORT).json()["id"] for _ in range(5)}
    ids |= {str(export.id) for export in at_once(4, lambda: create.request_export(alice))}

    assert ids == {str(PersonalExport.objects.get().id)}
    assert DBTaskResult.objects.count() == 1
    assert sign_in(bob).post(EXPORT).status_code == 202


def test_of_many_first_requests_at_once_one_counts(alice) -> None:
    exports = at_once(6, lambda: create.request_export(alice))

    assert len({export.id for export in exports}) == 1
    assert DBTaskResult.objects.count() == 1


def test_there_are_three_a_day(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    for _ in range(3):
        made(client)

    answer = client.post(EXPORT)

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    assert PersonalExport.objects.count() == 3
    assert sign_in(bob).post(EXPORT).status_code == 202


def test_who_is_being_erased_begins_none(alice) -> None:
    User.objects.filter(id=alice.id).update(is_active=False)
    assert at_once(1, lambda: create.request_export(alice)) == ["token_invalid"]


def test_on_a_real_server_it_is_asked_for_made_and_taken_away() -> None:
    with Server(env=GENEROUS) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        friends = alice.group(bob)
        for number in range(30):
            alice.write(friends, f"Hers {number}")
            bob.write(friends, f"His {number}")
        written = {message["id"]: message for message in alice.history(friends)}

        url = f"users/me/export/{alice.post('users/me/export/')['id']}/"
        deadline = time.monotonic() + 60
        while (state := alice.get(url))["status"] != "done":
            assert state["status"] in ("queued", "running")
            assert time.monotonic() < deadline, server.log
            time.sleep(0.1)
        answer = http.get(state["download_url"], headers=alice.headers)

        found = unpacked(answer.content)
        mine = lines(found["messages.jsonl"])
        assert [message["content"] for message in mine] == [f"Hers {number}" for number in range(30)]
        for message in mine:
            assert written[message["id"]]["seq"] == message["seq"]
        assert b"His" not in b"".join(found.values())
        assert len(answer.content) == state["size"]
        assert bob.code("GET", url) == "not_found"
        assert bob.call("GET", f"{url}archive/").status_code == 404
        (path,) = (server.data_dir / "uploads" / "exports").glob("*")
        assert path.stat().st_mode & 0o777 == 0o600
        assert "fault" not in server.log
