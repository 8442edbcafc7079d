"""How the installation is: the numbers, who may see them, and that they cost no more as it grows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts.services.mails import send_mail
from chatproject.tests.server import Server, free_port
from common.clock import now
from common.ids import uuid7
from conversations import services as conversations
from messaging import services
from messaging.models import Message, Report
from messaging.moderation import services as moderation
from messaging.tests.client import GENEROUS, Person
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from operations import heartbeat
from operations.models import Backup, Hour, Process
from operations.status import NO_WORKER
from operations.worker import ChatWorker, requeue_failed

pytestmark = pytest.mark.django_db(transaction=True)
STATUS = "/api/v1/status/"


@pytest.fixture
def process(settings) -> Process:
    """One that serves, where all else is well."""
    alive = {"name": "one", "pid": 7, "started_at": now(), "seen_at": now()}
    Process.objects.create(**alive, sockets=0, people=0, is_worker=True)
    done = {"status": "done", "progress": 100, "size": 2, "finished_at": now()}
    Backup.objects.create(name="chat-x", proved_at=now(), **done)
    return Process.objects.create(**alive, sockets=5, people=3)


@pytest.fixture
def written(alice, bob):
    place, _ = conversations.open_direct(alice, user_id=bob.id)
    for n in range(3):
        services.send_message(alice, conversation_id=place.id, message=NewMessage(f"{n}"))
    yield place
    writer.stop()


def test_the_staff_sees_how_it_is(sign_in, olga, bob, process, written) -> None:
    moderation.report_message(bob, **about())
    DBTaskResult.objects.create(status="FAILED", task_path="x", args_kwargs={"args": [], "kwargs": {}})
    heartbeat.count_messages_by_hour()

    found = sign_in(olga).get(STATUS).json()

    assert (found["people_online"], found["sockets"]) == (3, 5)
    assert [one["name"] for one in found["processes"]] == ["one"]
    assert (found["messages_by_hour"][-1]["messages"], found["messages_by_day"][-1]["messages"]) == (3, 3)
    assert (len(found["messages_by_hour"]), len(found["messages_by_day"])) == (24, 30)
    assert (found["reports_open"], found["people_new"]) == (1, 3)
    assert found["storage"]["database"] > 0
    assert found["troubles"] == ["Tasks that failed for good: 1. See the reasons and run them again under Tasks."]


def test_reports_about_oneself_are_not_counted(sign_in, alice, bob, olga) -> None:
    moderation.report_user(alice, user_id=olga.id, reason=Report.Reason.ABUSE)
    moderation.report_user(alice, user_id=bob.id, reason=Report.Reason.ABUSE)

    assert sign_in(olga).get(STATUS).json()["reports_open"] == 1


def about() -> dict:
    return {"message_id": Message.objects.latest("seq").id, "reason": Report.Reason.SPAM}


def test_to_others_it_does_not_exist_and_staff_needs_the_permission(sign_in, api, alice, olga, person) -> None:
    moderator = person("member-1")
    type(moderator).objects.filter(id=moderator.id).update(is_staff=True)

    assert api.get(STATUS).status_code == 401
    assert sign_in(alice).get(STATUS).status_code == 404
    assert sign_in(moderator).get(STATUS).status_code == 403
    moderator.user_permissions.add(Permission.objects.get(codename="view_status"))
    assert sign_in(moderator).get(STATUS).status_code == 200


def test_a_process_that_says_nothing_is_gone(sign_in, olga, process) -> None:
    Process.objects.update(seen_at=now() - timedelta(minutes=2))

    found = sign_in(olga).get(STATUS).json()

    assert (found["processes"], found["workers"]) == ([], 0)
    assert found["troubles"] == ["No serving process is running. Start `manage.py serve`.", NO_WORKER]
    heartbeat.delete_stopped_processes()
    assert not Process.objects.exists()


def test_hours_are_counted_once_and_again_while_they_last(written) -> None:
    heartbeat.count_messages_by_hour()
    heartbeat.count_messages_by_hour()
    services.send_message(written.memberships.first().user, conversation_id=written.id, message=NewMessage("one more"))
    heartbeat.count_messages_by_hour()

    assert sum(Hour.objects.values_list("messages", flat=True)) == 4


def test_an_hour_is_where_the_ids_of_its_messages_lie(written) -> None:
    Hour.objects.create(begins_at=now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3), messages=9)
    heartbeat.count_messages_by_hour()

    assert heartbeat.first_id(now() - timedelta(hours=1)) < uuid7() < heartbeat.first_id(now() + timedelta(minutes=1))
    assert Hour.objects.earliest("begins_at").messages == 0, "the last hour is counted anew"


def test_the_first_page_asks_as_little_when_there_is_much(olga, process, written) -> None:
    console = Client()
    console.force_login(olga)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown = console.get("/admin/")
        assert shown.status_code == 200
        assert b"All is well." in shown.content
        return len(queries)

    console.get("/admin/")
    before = asked()
    for n in range(20):
        Process.objects.create(name=f"p{n}", pid=n, started_at=now(), seen_at=now(), sockets=1, people=1)
        Hour.objects.create(begins_at=now() - timedelta(hours=n + 2), messages=n)
    assert asked() == before


def at(troubles: list[str], beginning: str) -> list[str]:
    return [one for one in troubles if one.startswith(beginning)]


def test_all_is_well_only_where_all_is(sign_in, olga, process, settings) -> None:
    client, console = sign_in(olga), Client()
    console.force_login(olga)

    def troubles() -> list[str]:
        found = client.get(STATUS).json()["troubles"]
        assert (b"All is well." in console.get("/admin/").content) is not found
        return found

    assert troubles() == []
    Process.objects.filter(is_worker=True).update(seen_at=now() - timedelta(minutes=2))
    assert troubles() == [NO_WORKER]
    Process.objects.update(seen_at=now())
    Backup.objects.update(proved_at=None)
    assert troubles() == ["No backup has been verified yet. Verify one under Backups or with `manage.py backup_drill`."]
    Backup.objects.update(proved_at=now(), created_at=now() - timedelta(days=15))
    settings.BACKUP_EVERY_HOURS, settings.BACKUP_DRILL_EVERY_DAYS = 24 * 7, 7
    assert len(at(troubles(), "The newest verified backup is from")) == len(troubles()) == 1
    settings.BACKUP_EVERY_HOURS, settings.BACKUP_DRILL_EVERY_DAYS = 24, 30
    assert len(at(troubles(), "The newest backup is from")) == len(troubles()) == 1
    settings.BACKUP_EVERY_HOURS = settings.BACKUP_DRILL_EVERY_DAYS = 0
    Backup.objects.update(created_at=now() - timedelta(days=31))
    assert len(troubles()) == 2, "no setting says how often, and a month is too long"
    settings.BACKUP_KEY = "a key of twenty and more letters"
    Backup.objects.update(deleted_at=now())
    assert troubles() == ["There is no backup. Make one under Backups."]
    settings.BACKUP_KEY = ""
    assert troubles() == ["There is no backup. Set BACKUP_KEY to make backups."]


def test_mail_that_does_not_go_out_is_told(sign_in, olga, process, settings) -> None:
    settings.EMAIL_FILE_PATH, settings.EMAIL_BACKEND = None, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    send_mail.enqueue("password_changed", str(olga.id), "olga@example.org")

    assert ChatWorker().run_next()

    said = "Mails that could not be sent: 1 (ConnectionRefusedError). Check EMAIL_URL, then run them again under Tasks."
    assert DBTaskResult.objects.get().status == "READY", "it will be tried again"
    assert sign_in(olga).get(STATUS).json()["troubles"] == [said]
    DBTaskResult.objects.update(status="FAILED")
    assert said in sign_in(olga).get(STATUS).json()["troubles"]


def test_a_task_is_late_from_when_it_was_to_run_and_not_from_when_it_was_queued(sign_in, olga, process) -> None:
    """What has failed for an hour and is run again is not late."""
    task = DBTaskResult.objects.create(status="FAILED", task_path="x", args_kwargs={"args": [], "kwargs": {}})
    DBTaskResult.objects.update(enqueued_at=now() - timedelta(hours=1))
    requeue_failed(DBTaskResult.objects.all())
    client = sign_in(olga)

    assert client.get(STATUS).json()["troubles"] == []
    DBTaskResult.objects.filter(id=task.id).update(run_after=now() - timedelta(minutes=9))
    assert at(client.get(STATUS).json()["troubles"], "The oldest of the waiting tasks is 9 minutes late")


def test_who_may_not_see_it_sees_the_list_of_pages(person, process) -> None:
    moderator = person("member-1")
    type(moderator).objects.filter(id=moderator.id).update(is_staff=True)
    console = Client()
    console.force_login(type(moderator).objects.get(id=moderator.id))

    shown = console.get("/admin/")

    assert shown.status_code == 200
    assert b"All is well." not in shown.content


async def test_a_server_says_that_it_lives_and_how_many_sockets_it_has() -> None:
    with Server(env=GENEROUS) as server:
        alice = Person(server, "alice")
        async with alice.socket(), alice.socket():
            seen = server.run("shell", "-c", COUNTED).stdout
    assert seen.splitlines()[-2:] == ["2 1", "1"]


COUNTED = """
import time
from operations.models import Process
while not (found := Process.objects.filter(sockets=2).first()): time.sleep(0.2)
print(found.sockets, found.people)
while not (count := Process.objects.filter(is_worker=True).count()): time.sleep(0.2)
print(count)
"""
