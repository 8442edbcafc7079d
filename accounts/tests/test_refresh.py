"""Refreshing: each token has exactly one successor."""

from datetime import timedelta

import pytest

from accounts import services, tokens
from accounts.models import Session
from accounts.tests.at_once import at_once
from common.clock import now

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/refresh/"
ME = "/api/v1/users/me/"


@pytest.fixture
def session(alice):
    return services.open_session(alice)


def age(session, **past):
    """Let the last refresh be so long ago."""
    Session.objects.filter(id=session.id).update(rotated_at=now() - timedelta(**past))


def refused(api, token):
    response = api.post(URL, {"refresh": token})
    return response.status_code == 401 and response.json()["code"] == "token_invalid"


def test_a_refresh_gives_a_new_pair(api, session):
    first = tokens.refresh_token(session)

    response = api.post(URL, {"refresh": first})

    assert response.status_code == 200
    assert response.json()["refresh"] != first
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert api.get(ME).json()["username"] == "alice"


def test_each_token_leads_to_the_next(api, session):
    token = tokens.refresh_token(session)

    seen = {token}
    for _ in range(5):
        token = api.post(URL, {"refresh": token}).json()["refresh"]
        seen.add(token)

    assert len(seen) == 6


def test_a_client_that_lost_the_response_gets_the_same_one_again(api, session):
    first = tokens.refresh_token(session)
    second = api.post(URL, {"refresh": first}).json()["refresh"]

    again = api.post(URL, {"refresh": first})

    assert again.json()["refresh"] == second
    assert api.post(URL, {"refresh": second}).status_code == 200


@pytest.mark.parametrize("past", [{"seconds": 11}, {"hours": 1}, {"days": 20}])
def test_an_answer_that_was_lost_for_long_comes_again(api, session, past):
    first = tokens.refresh_token(session)
    second = api.post(URL, {"refresh": first}).json()["refresh"]
    age(session, **past)

    again = api.post(URL, {"refresh": first})

    assert (again.status_code, again.json()["refresh"]) == (200, second)
    assert api.post(URL, {"refresh": second}).status_code == 200
    assert refused(api, first)


def test_reuse_after_the_successor_was_used_ends_the_family(api, session, publications):
    first = tokens.refresh_token(session)
    second = api.post(URL, {"refresh": first}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {second['access']}")
    assert api.get(ME).status_code == 200
    age(session, seconds=11)

    assert refused(api, first)

    assert refused(api, second["refresh"])
    assert api.get(ME).status_code == 401
    assert [(one.topic, one.seq, one.frame) for one in publications] == [(f"u.{session.user_id.hex}", 1, b"")]


def test_two_tabs_that_refresh_side_by_side_stay_signed_in(api, session):
    """The answer to one is used before the other one's request has arrived."""
    first = tokens.refresh_token(session)
    second = api.post(URL, {"refresh": first}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {second['access']}")
    api.get(ME)

    other = api.post(URL, {"refresh": first})

    assert (other.status_code, other.json()["refresh"]) == (200, second["refresh"])


def test_the_access_token_from_before_does_not_say_that_the_answer_arrived(api, session):
    first = tokens.refresh_token(session)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(session)}")
    api.post(URL, {"refresh": first})
    api.get(ME)
    age(session, hours=1)

    assert api.post(URL, {"refresh": first}).status_code == 200


def test_a_token_two_generations_old_ends_the_family_at_once(api, session):
    first = tokens.refresh_token(session)
    second = api.post(URL, {"refresh": first}).json()["refresh"]
    third = api.post(URL, {"refresh": second}).json()["refresh"]

    assert refused(api, first)
    assert refused(api, third)


def test_fifty_concurrent_refreshes_get_the_same_successor(session):
    first = tokens.refresh_token(session)

    answers = at_once(50, lambda: tokens.refresh_token(services.refresh(first)))

    assert len(set(answers)) == 1
    session.refresh_from_db()
    assert (session.generation, session.ended_at) == (1, None)


def test_a_used_session_lives_on_and_an_unused_one_expires(api, session):
    Session.objects.filter(id=session.id).update(expires_at=now() + timedelta(minutes=1))
    token = api.post(URL, {"refresh": tokens.refresh_token(session)}).json()["refresh"]
    session.refresh_from_db()
    assert session.expires_at > now() + timedelta(days=29)

    Session.objects.filter(id=session.id).update(expires_at=now())

    assert refused(api, token)


def test_an_ended_session_is_not_refreshed(api, session):
    services.end_session(session.user, session.id)

    assert refused(api, tokens.refresh_token(session))


def test_a_suspended_or_deleted_person_is_not_refreshed(api, session, olga, bob):
    other = services.open_session(bob)
    services.suspend(olga, session.user)
    bob.delete()

    assert refused(api, tokens.refresh_token(session))
    assert refused(api, tokens.refresh_token(other))


def test_a_token_from_before_a_restore_is_refused_and_harms_nothing(api, session):
    session.generation = 7

    assert refused(api, tokens.refresh_token(session))

    session.refresh_from_db()
    assert (session.generation, session.ended_at) == (0, None)


def test_what_was_not_made_here_is_refused(api, session):
    good = tokens.refresh_token(session)
    name, generation, seal = good.split(".")

    for bad in (
        "x",
        "..",
        good[:-1],
        good + "0",
        good.upper(),
        f"{name}.1.{seal}",
        f"{'0' * 32}.{generation}.{seal}",
        f"{name}.{'9' * 400}.{seal}",
        f"{name}.-1.{seal}",
        f"{name}.{generation}.{'é' * 64}",
        tokens.access_token(session),
        services.issue_ticket(session),
    ):
        assert refused(api, bad), bad

    assert api.post(URL, {"refresh": "x" * 1_000_000}).status_code in (400, 401)
    assert api.post(URL, {"refresh": 7}).status_code == 400
    assert api.post(URL, {"refresh": good}).status_code == 200
