"""Socket tickets."""

from datetime import timedelta

import pytest

from accounts import services
from accounts.models import OneTime
from accounts.tests.at_once import at_once
from common.clock import now
from common.errors import Refusal

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/ws-ticket/"


def refused(ticket):
    with pytest.raises(Refusal) as refusal:
        services.session_of_ticket(ticket)
    return refusal.value.code == "token_invalid"


def test_a_ticket_names_the_session_it_was_made_for(sign_in, alice):
    sign_in(alice)
    client = sign_in(alice)

    answer = client.post(URL)

    assert (answer.status_code, answer.json()["expires_in"]) == (200, 30)
    session = services.session_of_ticket(answer.json()["ticket"])
    assert (session.id, session.user) == (client.session.id, alice)


def test_a_ticket_serves_once(sign_in, alice):
    ticket = services.issue_ticket(sign_in(alice).session)
    services.session_of_ticket(ticket)

    assert refused(ticket)


def test_one_of_twenty_concurrent_uses_succeeds(sign_in, alice):
    ticket = services.issue_ticket(sign_in(alice).session)

    answers = at_once(20, lambda: services.session_of_ticket(ticket))

    assert answers.count("token_invalid") == 19


def test_a_ticket_dies_after_half_a_minute(sign_in, alice):
    session = sign_in(alice).session
    ticket, moment = services.issue_ticket(session), now()
    assert OneTime.objects.get().expires_at - moment <= timedelta(seconds=30)

    OneTime.objects.update(expires_at=moment)

    assert refused(ticket)
    services.issue_ticket(session)
    assert OneTime.objects.count() == 1


def test_a_ticket_dies_with_its_session(sign_in, alice, bob, olga):
    hers, his = sign_in(alice).session, sign_in(bob).session
    tickets = services.issue_ticket(hers), services.issue_ticket(his)

    services.end_session(alice, hers.id)
    services.suspend(olga, bob)

    assert [refused(ticket) for ticket in tickets] == [True, True]


def test_each_ticket_of_a_session_works_once(sign_in, alice):
    session = sign_in(alice).session

    tickets = [services.issue_ticket(session) for _ in range(3)]

    assert {services.session_of_ticket(ticket).id for ticket in tickets} == {session.id}


@pytest.mark.parametrize("ticket", ["", "x", "\x00", "é", "x" * 1_000_000, "%"])
def test_garbage_is_no_ticket(db, ticket):
    assert refused(ticket)


def test_a_ticket_is_asked_for_only_when_signed_in(api):
    assert api.post(URL).status_code == 401


def test_only_a_hash_of_the_ticket_is_kept(sign_in, alice):
    ticket = services.issue_ticket(sign_in(alice).session)

    assert ticket not in str(OneTime.objects.values().get())
