"""Limits that keep attackers out and let the owner in."""

import pytest

from accounts import services, tokens
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN, REFRESH = "/api/v1/auth/login/", "/api/v1/auth/refresh/"
RESET = "/api/v1/auth/password/reset/"
HOME, AWAY = "10.0.0.1", "10.9.9.9"


@pytest.fixture(autouse=True)
def plenty_of_requests(settings):
    settings.RATE_REQUESTS = "100000/m"


def login(api, password="wrong", address=HOME, name="alice", **more):
    return api.post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=address, **more).status_code


def attack(api, count=30):
    """From a new address each time."""
    return [login(api, address=f"1.2.{n // 250}.{n % 250}") for n in range(count)]


@pytest.mark.parametrize("trusted", [[], ["1.2.3.4"]])
def test_two_hundred_failures_meet_the_same_limit_with_and_without_the_header(api, alice, settings, trusted):
    settings.TRUSTED_PROXIES = trusted

    plain = [login(api) for _ in range(200)]
    forged = [login(api, name="bob", address="10.0.0.2", HTTP_X_FORWARDED_FOR=f"9.9.{n}.9") for n in range(200)]

    assert plain == forged == [401] * 10 + [429] * 190


def test_behind_a_trusted_proxy_the_header_names_the_client(api, alice, settings):
    settings.TRUSTED_PROXIES, settings.RATE_AUTH_ADDRESS = ["10.0.0.0/8"], "10/m"

    answers = [
        login(api, name=f"someone{n}", HTTP_X_FORWARDED_FOR=f"6.6.6.6, 9.9.9.{n // 10}, 10.1.1.1") for n in range(40)
    ]

    assert answers == [401] * 40
    assert login(api, name="alice", HTTP_X_FORWARDED_FOR="9.9.9.0") == 429


def test_an_attacker_does_not_lock_alice_out_where_she_has_signed_in_before(api, alice):
    assert login(api, PASSWORD) == 200

    assert attack(api) == [401] * 10 + [429] * 20

    assert login(api, PASSWORD) == 200
    assert login(api, PASSWORD, address=AWAY) == 429


def test_a_known_address_is_limited_as_well(api, alice):
    assert login(api, PASSWORD) == 200

    assert [login(api) for _ in range(12)] == [401] * 10 + [429] * 2


def test_addresses_of_the_same_ipv6_network_share_a_budget(api, alice):
    assert login(api, PASSWORD, address="2001:db8:1:2::1") == 200
    attack(api)

    assert login(api, PASSWORD, address="2001:db8:1:2:ffff::9") == 200
    assert login(api, PASSWORD, address="2001:db8:1:3::1") == 429


def test_who_signs_in_rightly_uses_nothing_up(api, alice):
    assert [login(api, PASSWORD) for _ in range(30)] == [200] * 30


def test_requests_and_registrations_leave_the_budget_for_guesses(api, alice, settings):
    settings.RATE_AUTH_ADDRESS = "3/m"
    asked = [api.post(RESET, {"email": f"someone{n}@example.org"}, REMOTE_ADDR=HOME).status_code for n in range(5)]
    assert asked == [202] * 3 + [429] * 2

    assert [login(api, name=f"someone{n}") for n in range(5)] == [401] * 3 + [429] * 2


def test_attempts_without_tries_do_not_use_up_the_address_budget(api, alice, settings):
    settings.RATE_AUTH, settings.RATE_AUTH_ADDRESS = "2/m", "4/m"
    assert [login(api, name="bob") for _ in range(20)] == [401] * 2 + [429] * 18

    assert login(api, PASSWORD) == 200


def test_mails_that_an_attacker_asks_for_leave_alice_her_own(api, alice, mailbox, settings):
    settings.RATE_AUTH = "1000/m"
    login(api, PASSWORD)
    sent = [api.post(RESET, {"email": "alice@example.org"}, REMOTE_ADDR=f"1.2.3.{n}").status_code for n in range(5)]
    assert sent == [202] * 3 + [429] * 2

    assert api.post(RESET, {"email": "alice@example.org"}, REMOTE_ADDR=HOME).status_code == 202


def test_many_people_behind_one_address_can_refresh(api, alice, settings):
    settings.RATE_REQUESTS = "5/d"
    sessions = [services.open_session(alice) for _ in range(20)]
    answers = [api.post(REFRESH, {"refresh": tokens.refresh_token(one)}).status_code for one in sessions]
    again = [api.post(REFRESH, {"refresh": tokens.refresh_token(sessions[0])}).status_code for _ in range(6)]
    garbage = [api.post(REFRESH, {"refresh": "garbage"}).status_code for _ in range(7)]

    assert answers == [200] * 20
    assert again == [200] * 4 + [429] * 2
    assert garbage == [401] * 5 + [429] * 2


ENDPOINTS = {
    "login": ("login/", lambda email: {"login": email, "password": "wrong"}),
    "register": ("register/", lambda email: {"email": email, "username": f"x{hash(email)}"[:20], "password": PASSWORD}),
    "verify": ("verify/", lambda email: {"email": email, "code": "000000"}),
    "resend": ("otp/resend/", lambda email: {"email": email, "purpose": "verify_email"}),
    "reset": ("password/reset/", lambda email: {"email": email}),
    "confirm": ("password/reset/confirm/", lambda email: {"email": email, "code": "000000", "new_password": PASSWORD}),
}


OF_CODES = ("verify", "confirm")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_every_endpoint_is_limited_per_account_and_per_address(api, alice, settings, endpoint, email):
    """But codes: somebody elsewhere must not use up what their owner has; each has tries of its own."""
    settings.RATE_AUTH = settings.RATE_AUTH_ADDRESS = "3/m"
    settings.RATE_OTP = "100/m"
    path, body = ENDPOINTS[endpoint]

    def ask(who, address):
        return api.post(f"/api/v1/auth/{path}", body(who), REMOTE_ADDR=address).status_code

    by_account = [ask(email, f"1.1.1.{n}") for n in range(5)]
    by_address = [ask(f"someone{n}@example.org", "2.2.2.2") for n in range(5)]

    for answers in [by_address] if endpoint in OF_CODES else [by_account, by_address]:
        assert 429 not in answers[:3]
        assert answers[3:] == [429, 429]
    assert (429 in by_account) is (endpoint not in OF_CODES)


@pytest.mark.parametrize("purpose", ["verify_email", "change_email", "reset_password"])
@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
@pytest.mark.parametrize("rate", ["3/15m;10/d", "100/s;3/d"])
def test_codes_cool_down_and_have_a_daily_cap_in_each_mode(api, alice, settings, purpose, email, rate):
    settings.RATE_AUTH, settings.RATE_OTP = "100/m", rate

    asked = [api.post("/api/v1/auth/otp/resend/", {"email": email, "purpose": purpose}) for _ in range(5)]

    assert [answer.status_code for answer in asked] == [202] * 3 + [429] * 2
    assert asked[2].json()["resend_after"] == pytest.approx(86400 if "100/s" in rate else 900, abs=2)
