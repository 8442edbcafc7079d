"""What an operator does for a person who has written a letter, and how little of an archive they see."""

import pytest
from django.test import Client as Browser

from accounts import services as accounts
from common.errors import Refusal
from common.models import AuditEntry
from operations.models import PersonalExport
from operations.tests.personal_export.exports import group, made, unpacked, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_operator_sees_how_it_goes_and_nothing_of_it(sign_in, alice, olga) -> None:
    made(sign_in(alice))
    export = PersonalExport.objects.get()
    console = Browser()
    console.force_login(olga)
    place = "/admin/chatproject/personalexport/"

    shown = [console.get(f"{place}?status__exact=done"), console.get(f"{place}{export.id}/change/")]
    answers = [console.post(f"{place}{page}/", {"post": "yes"}) for page in (f"{export.id}/delete", "add")]

    assert [b"alice" in page.content for page in shown] == [True, True]
    assert not any(b"archive" in page.content or b".zip" in page.content for page in shown)
    assert [answer.status_code for answer in answers] == [403, 403]
    assert b"alice" not in console.get(f"{place}?status__exact=failed").content.split(b"result_list")[-1]


def test_an_operator_asks_for_somebody_and_takes_it_away_and_both_are_written_down(alice, bob, olga) -> None:
    group(alice, bob)
    console = Browser()
    console.force_login(olga)
    page = "/admin/chatproject/personalexport/"
    asked = {"_form_submitted": "True", "person": "alice", "reason": "A letter by alice"}

    console.post(f"{page}ask/", asked)
    export = PersonalExport.objects.get()
    early = console.get(f"{page}{export.id}/download/")
    work()
    taken = console.get(f"{page}{export.id}/download/")

    assert export.user == alice
    assert early.status_code == 302
    assert unpacked(b"".join(taken.streaming_content))
    assert "attachment" in taken.headers["Content-Disposition"]
    entries = AuditEntry.objects.order_by("number").values_list("action", "subject_id", "reason")
    assert list(entries) == [("export.request", alice.id, "A letter by alice"), ("export.download", alice.id, "")]
    console.post(f"{page}ask/", {**asked, "person": "nobody at all"})
    assert PersonalExport.objects.count() == 1


def test_an_operator_deletes_an_account_as_its_person_would(alice, bob, olga, sign_in) -> None:
    hers = sign_in(alice)

    erase_at = accounts.request_deletion_of(olga, alice, reason="A letter by alice")

    alice.refresh_from_db()
    assert alice.erase_at == erase_at == accounts.request_deletion_of(olga, alice)
    assert hers.get("/api/v1/users/me/").status_code == 401
    assert AuditEntry.objects.filter(action="person.delete", subject_id=alice.id).count() == 2
    for operator, user in ((olga, olga), (bob, olga)):
        with pytest.raises(Refusal):
            accounts.request_deletion_of(operator, user)
