"""The audit log: a chain in which nothing can be changed, taken out or moved without being found."""

import io
import threading
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F

from common import audit
from common.models import AuditEntry, Installation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entries(olga, alice) -> list[AuditEntry]:
    return [
        audit.record("person.suspend", actor_id=olga.id, subject="person", subject_id=alice.id, reason=f"{n}", n=n)
        for n in range(6)
    ]


def verify(*args: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("verify_audit", *args, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return out.getvalue().strip(), error.returncode
    return out.getvalue().strip(), 0


def test_a_whole_log_is_whole_and_says_where_it_ends(entries) -> None:
    said, code = verify()

    assert code == 0
    assert said == f"6 entries, intact. The last one is 6:{entries[-1].hash}"
    assert verify("--noted", f"3:{entries[2].hash}")[1] == 0


def rows():
    return AuditEntry.objects.filter(number=3)


def swap() -> None:
    for old, new in ((3, 100), (4, 3), (100, 4)):
        AuditEntry.objects.filter(number=old).update(number=new)


TAMPERING = {
    "another actor": lambda: rows().update(actor_id=uuid4()),
    "nobody": lambda: rows().update(actor_id=None),
    "another time": lambda: rows().update(at=F("at") + (AuditEntry.objects.get(number=6).at - rows().get().at) * 2),
    "another action": lambda: rows().update(action="person.restore"),
    "another person": lambda: rows().update(subject_id=uuid4()),
    "another reason": lambda: rows().update(reason="was asked to"),
    "another origin": lambda: rows().update(origin="192.0.2.1"),
    "another fact": lambda: rows().update(facts={"n": 7}),
    "another hash": lambda: rows().update(hash="0" * 64),
    "one removed": lambda: rows().delete(),
    "the first removed": lambda: AuditEntry.objects.filter(number=1).delete(),
    "the last removed": lambda: AuditEntry.objects.filter(number=6).delete(),
    "all removed": lambda: AuditEntry.objects.all().delete(),
    "two in each other's place": swap,
    "one slipped in": lambda: AuditEntry.objects.create(number=7, at=rows().get().at, action="x", origin="x", hash="y"),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_whatever_was_done_to_it_is_found(entries, what) -> None:
    assert verify()[1] == 0
    TAMPERING[what]()

    said, code = verify()

    assert code == 1, what
    assert ":" in said


def test_a_log_that_was_written_anew_is_found_by_what_was_noted(entries) -> None:
    noted = f"6:{entries[-1].hash}"
    AuditEntry.objects.all().delete()
    Installation.objects.update(audit_number=0, audit_hash="")
    for n in range(6):
        audit.record("person.suspend", actor_id=None, n=n)

    assert verify()[1] == 0
    assert verify("--noted", noted) == ("6: differs from the noted hash", 1)
    assert verify("--noted", "9:abc") == ("9: noted, but missing", 1)


def test_entries_at_the_same_time_make_one_chain(olga) -> None:
    def write() -> None:
        for _ in range(5):
            audit.record("person.restore", actor_id=olga.id)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert AuditEntry.objects.count() == 30
    assert verify()[1] == 0


def test_what_is_rolled_back_was_not_done(olga, entries) -> None:
    with transaction.atomic():
        audit.record("person.restore", actor_id=olga.id)
        transaction.set_rollback(True)

    assert AuditEntry.objects.count() == 6
    assert verify()[1] == 0
