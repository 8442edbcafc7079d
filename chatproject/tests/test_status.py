"""How the installation is: the numbers, who may see them, and that they cost no more as it grows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from chatproject import pulse
from chatproject.common.clock import now
from chatproject.common.ids import uuid7
from chatproject.models import Hour, Process
from chatproject.tests.server import Server
from conversations import services as conversations
from messaging import services
from messaging.models import Message, Report
from messaging.tests.client import Person
from messaging.tests.conftest import GENEROUS
from messaging.wire.writing import NewMessage
from messaging.writer import writer

pytestmark = pytest.mark.django_db(transaction=True)
STATUS = "/api/v1/status/"


@pytest.fixture
def process() -> Process:
    return Process.objects.create(name="one", pid=7, started_at=now(), seen_at=now(), sockets=5, people=3)


@pytest.fixture
def written(alice, bob):
    place, _ = conversations.open_direct(alice, user_id=bob.id)
    for n in range(3):
        services.send_message(alice, conversation_id=place.id, message=NewMessage(f"{n}"))
    yield place
    writer.stop()


def test_the_staff_sees_how_it_is(sign_in, olga, bob, process, written) -> None:
    services.report_message(bob, **about())
    DBTaskResult.objects.create(status="FAILED", task_path="x", args_kwargs={"args": [], "kwargs": {}})
    pulse.keep()

    found = sign_in(olga).get(STATUS).json()

    assert (found["people_online"], found["sockets"]) == (3, 5)
    assert [one["name"] for one in found["processes"]] == ["one"]
    assert (found["messages_by_hour"][-1]["messages"], found["messages_by_day"][-1]["messages"]) == (3, 3)
    assert (len(found["messages_by_hour"]), len(found["messages_by_day"])) == (24, 30)
    assert (found["reports_open"], found["people_new"]) == (1, 3)
    assert found["storage"]["database"] > 0
    assert found["troubles"] == ["1 tasks have failed for good."]


def test_reports_about_oneself_are_not_counted(sign_in, alice, bob, olga) -> None:
    services.report_person(alice, user_id=olga.id, reason=Report.Reason.ABUSE)
    services.report_person(alice, user_id=bob.id, reason=Report.Reason.ABUSE)

    assert sign_in(olga).get(STATUS).json()["reports_open"] == 1


def about() -> dict:
    return {"message_id": Message.objects.latest("seq").id, "reason": Report.Reason.SPAM}


def test_to_others_it_does_not_exist_and_staff_needs_the_permission(sign_in, api, alice, olga, person) -> None:
    moderator = person("dave")
    type(moderator).objects.filter(id=moderator.id).update(is_staff=True)

    assert api.get(STATUS).status_code == 401
    assert sign_in(alice).get(STATUS).status_code == 404
    assert sign_in(moderator).get(STATUS).status_code == 403
    moderator.user_permissions.add(Permission.objects.get(codename="view_status"))
    assert sign_in(moderator).get(STATUS).status_code == 200


def test_a_process_that_says_nothing_is_gone(sign_in, olga, process) -> None:
    Process.objects.update(seen_at=now() - timedelta(minutes=2))

    found = sign_in(olga).get(STATUS).json()

    assert found["processes"] == []
    assert found["troubles"] == ["No process says that it serves."]
    pulse.keep()
    assert not Process.objects.exists()


def test_hours_are_counted_once_and_again_while_they_last(written) -> None:
    pulse.keep()
    pulse.keep()
    services.send_message(written.memberships.first().user, conversation_id=written.id, message=NewMessage("one more"))
    pulse.keep()

    assert sum(Hour.objects.values_list("messages", flat=True)) == 4


def test_an_hour_is_where_the_ids_of_its_messages_lie(written) -> None:
    Hour.objects.create(begins_at=now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3), messages=9)
    pulse.keep()

    assert pulse.first_id(now() - timedelta(hours=1)) < uuid7() < pulse.first_id(now() + timedelta(minutes=1))
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


def test_who_may_not_see_it_sees_the_list_of_pages(person, process) -> None:
    moderator = person("dave")
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
    assert seen.splitlines()[-1] == "2 1"


COUNTED = """
import time
from chatproject.models import Process
while not (found := Process.objects.filter(sockets=2).first()): time.sleep(0.2)
print(found.sockets, found.people)
"""
