"""Which requests are authenticated."""

import base64
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from django.conf import settings

from accounts import services, tokens
from accounts.authentication import BearerAuthentication, session_of
from accounts.keys import derived_key
from accounts.models import Session
from common.clock import now
from common.errors import Refusal

pytestmark = [pytest.mark.plain, pytest.mark.django_db]

ME = "/api/v1/users/me/"


@pytest.fixture
def session(alice):
    return services.open_session(alice)


@pytest.fixture
def claims(session):
    return {
        "sub": session.user_id.hex,
        "sid": session.id.hex,
        "typ": "access",
        "iat": int(time.time()),
        "exp": int(time.time()) + 60,
    }


def ask(api, token, scheme="Bearer"):
    response = api.get(ME, HTTP_AUTHORIZATION=f"{scheme} {token}")
    return response.status_code, response.json().get("code")


def sign(claims, **options):
    return jwt.encode(claims, options.pop("key", derived_key("access")), options.pop("algorithm", "HS256"), **options)


def key_from_before():
    return hmac.digest(settings.SECRET_KEY.encode(), b"chatproject.access", "sha256")


def test_alice_is_known_by_her_token(api, claims, session):
    assert ask(api, tokens.access_token(session)) == (200, None)
    assert ask(api, sign(claims)) == (200, None)
    assert ask(api, tokens.access_token(session), "bearer") == (200, None)


def test_a_token_from_before_simplejwt_still_works(api, session):
    """Made as `accounts.tokens` made it then, with a key derived as then."""
    issued_at = int(time.time())
    claims = {
        "sub": session.user_id.hex,
        "sid": session.id.hex,
        "gen": session.generation,
        "typ": "access",
        "iat": issued_at,
        "exp": issued_at + 900,
    }
    token = jwt.encode(claims, key_from_before(), "HS256")

    assert ask(api, token) == (200, None)
    assert session_of(token) == session
    session.refresh_from_db()
    assert session.is_received

    expired = jwt.encode({**claims, "exp": issued_at - 1}, key_from_before(), "HS256")
    assert ask(api, expired) == (401, "token_invalid")
    assert tokens.session_named(expired) == session.id


def test_a_server_from_before_simplejwt_reads_our_tokens(session):
    """Read as `accounts.tokens` read it then: servers of both versions run side by side during an upgrade."""
    options = {"require": ["sub", "sid", "typ", "exp"], "verify_iat": False}

    claims = jwt.decode(tokens.access_token(session), key_from_before(), algorithms=["HS256"], options=options)

    assert (UUID(claims["sid"]), UUID(claims["sub"]), claims["gen"]) == (session.id, session.user_id, 0)
    assert claims["typ"] == "access"
    assert 890 <= claims["exp"] - time.time() <= 900
    assert set(claims) == {"sub", "sid", "gen", "typ", "exp"}


def test_a_host_whose_clock_is_behind_takes_our_tokens(api, session, monkeypatch):
    token = tokens.access_token(session)
    behind = datetime.now(UTC) - timedelta(seconds=30)

    with monkeypatch.context() as patched:
        clock = type("clock", (datetime,), {"now": classmethod(lambda cls, tz=None: behind)})
        patched.setattr("jwt.api_jwt.datetime", clock)
        assert tokens.read_access(token).session_id == session.id


def test_the_user_of_a_token_is_looked_up_through_its_session(session):
    token = tokens.read_access(tokens.access_token(session))
    assert BearerAuthentication().get_user(token) == session.user

    services.end_session(session.user, session.id)

    with pytest.raises(Refusal, match="token_invalid"):
        BearerAuthentication().get_user(token)


def test_a_request_without_a_token_must_sign_in(api):
    response = api.get(ME)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"
    assert ask(api, "YWxpY2U6eA==", "Basic") == (401, "not_authenticated")


def test_a_token_that_says_something_else_is_refused(api, claims, bob):
    for changed in (
        {"typ": "refresh"},
        {"exp": int(time.time()) - 1},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 60},
        {"sub": bob.id.hex},
        {"sid": "0" * 32},
        {"sid": "x"},
        {"sid": 7},
        {"sid": None},
        {"sub": []},
    ):
        token = jwt.api_jws.encode(json.dumps({**claims, **changed}).encode(), derived_key("access"), "HS256")
        assert ask(api, token) == (401, "token_invalid"), changed

    for missing in ("sub", "sid", "typ", "exp"):
        token = sign({name: value for name, value in claims.items() if name != missing})
        assert ask(api, token) == (401, "token_invalid"), missing


def test_a_token_signed_otherwise_is_refused(api, claims, session, settings):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    unsigned = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."
    for token in (
        unsigned,
        unsigned.replace(part({"alg": "none", "typ": "JWT"}), part({"alg": "NoNe"})),
        sign(claims, key=b"x" * 32),
        sign(claims, key=settings.SECRET_KEY),
        sign(claims, key=derived_key("refresh")),
        sign(claims, key=derived_key("access") * 2, algorithm="HS512"),
        sign(claims, headers={"kid": "../../dev/null"}, key=b"\0" * 32),
        tokens.refresh_token(session),
        services.issue_ticket(session),
    ):
        assert ask(api, token) == (401, "token_invalid"), token


@pytest.mark.parametrize("token", ["", " ", "x", "a.b.c", "...", "é.é.é", "\udcff", "x" * 1_000_000, "{}.{}.{}"])
def test_garbage_is_refused_and_breaks_nothing(api, alice, token):
    assert ask(api, token) == (401, "token_invalid")


def test_a_session_ends_at_the_next_request(api, session, olga):
    token = tokens.access_token(session)
    assert ask(api, token) == (200, None)

    services.end_session(session.user, session.id)

    assert ask(api, token) == (401, "token_invalid")


def test_a_suspended_expired_or_deleted_session_is_refused(api, session, olga, bob, carol):
    others = services.open_session(bob), services.open_session(carol)
    given = [tokens.access_token(one) for one in (session, *others)]
    assert [ask(api, token)[0] for token in given] == [200, 200, 200]

    services.suspend(olga, session.user)
    Session.objects.filter(user=bob).update(expires_at=now())
    carol.delete()

    assert [ask(api, token) for token in given] == [(401, "token_invalid")] * 3


def test_authentication_takes_one_query(sign_in, alice, django_assert_num_queries):
    client = sign_in(alice)

    with django_assert_num_queries(1):
        assert client.get(ME).status_code == 200


def test_last_use_is_kept_once_a_minute(sign_in, alice):
    client = sign_in(alice)
    long_ago = now() - timedelta(minutes=2)
    Session.objects.update(last_used_at=long_ago)

    client.get(ME)

    touched = Session.objects.get().last_used_at
    assert touched > long_ago
    client.get(ME)
    assert Session.objects.get().last_used_at == touched


def test_strangers_are_limited_by_address_and_people_by_account(api, sign_in, alice, bob, settings):
    settings.RATE_REQUESTS, settings.RATE_REQUESTS_USER, settings.RATE_AUTH = "3/d", "5/m", "100/m"
    login = {"login": "nobody", "password": "x"}

    strangers = [api.post("/api/v1/auth/login/", login).status_code for _ in range(4)]
    people = [sign_in(alice).get(ME).status_code for _ in range(6)]

    assert strangers == [401] * 3 + [429]
    assert people == [200] * 5 + [429]
    assert sign_in(bob).get(ME).status_code == 200
    assert api.post("/api/v1/auth/login/", login, REMOTE_ADDR="2.2.2.2").status_code == 401
    refused = sign_in(alice).get(ME)
    assert refused.json()["code"] == "rate_limited"
    assert 0 < refused.json()["retry_after"] <= 60
