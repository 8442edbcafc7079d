"""Browsers: the refresh token in a cookie."""

import pytest

from accounts import tokens
from accounts.models import Session
from conftest import PASSWORD

pytestmark = [pytest.mark.plain, pytest.mark.django_db]

LOGIN, REFRESH, LOGOUT = "/api/v1/auth/login/", "/api/v1/auth/refresh/", "/api/v1/auth/logout/"


@pytest.fixture
def browser(api, alice):
    """alice's browser, signed in."""
    response = api.post(LOGIN, {"login": "alice", "password": PASSWORD, "cookie": True})
    assert response.status_code == 200
    return api


def test_the_refresh_token_lies_in_the_cookie_and_nowhere_else(api, alice):
    response = api.post(LOGIN, {"login": "alice", "password": PASSWORD, "cookie": True})

    cookie = response.cookies["chat_refresh"]
    assert "refresh" not in response.json()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/api/v1/auth/")
    assert (cookie["secure"], cookie["max-age"]) == ("", 30 * 86400)


def test_over_https_the_cookie_is_secure(api, alice):
    response = api.post(LOGIN, {"login": "alice", "password": PASSWORD, "cookie": True}, secure=True)

    assert response.cookies["chat_refresh"]["secure"] is True


def test_without_asking_there_is_no_cookie(api, alice):
    response = api.post(LOGIN, {"login": "alice", "password": PASSWORD})

    assert not response.cookies
    assert "refresh" in response.json()


def test_a_browser_comes_back_with_its_cookie(browser):
    old = browser.cookies["chat_refresh"].value

    response = browser.post(REFRESH, {}, HTTP_ORIGIN="http://testserver")

    assert response.status_code == 200
    assert "refresh" not in response.json()
    assert response.cookies["chat_refresh"].value != old
    assert browser.post(REFRESH, {}).status_code == 200


def test_a_token_in_the_body_comes_before_the_cookie(browser, sign_in, bob):
    session = sign_in(bob).session

    response = browser.post(REFRESH, {"refresh": tokens.refresh_token(session)})

    assert response.json()["user"]["username"] == "bob"
    assert "refresh" in response.json()


@pytest.mark.parametrize("url", [REFRESH, LOGOUT])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://testserver.evil.example",
        "http://testserver:81",
        "testserver",
        "http://[",
    ],
)
def test_the_cookie_does_not_count_in_requests_of_other_sites(browser, url, origin):
    response = browser.post(url, {}, HTTP_ORIGIN=origin)

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert Session.objects.live().get().generation == 0


@pytest.mark.parametrize("setting", ["CSRF_TRUSTED_ORIGINS", "CORS_ALLOWED_ORIGINS"])
def test_the_cookie_counts_for_trusted_origins(browser, settings, setting):
    setattr(settings, setting, ["https://app.example.org"])

    assert browser.post(REFRESH, {}, HTTP_ORIGIN="https://app.example.org").status_code == 200


def test_the_cookie_does_not_count_in_what_a_form_could_send(browser):
    without = browser.generic("POST", REFRESH)
    form = browser.post(REFRESH, {"a": "b"}, format="multipart")
    with_header = browser.generic("POST", REFRESH, HTTP_X_REQUESTED_WITH="fetch")

    assert (without.status_code, without.json()["code"]) == (403, "permission_denied")
    assert form.status_code == 415
    assert with_header.status_code == 200


def test_logging_out_ends_the_session_and_forgets_the_cookie(browser):
    response = browser.post(LOGOUT, {})

    assert response.status_code == 204
    assert response.cookies["chat_refresh"].value == ""
    assert not Session.objects.live().exists()
    assert browser.post(REFRESH, {}).status_code == 401


def test_the_cookie_signs_in_to_nothing_but_refresh_and_logout(browser):
    assert browser.get("/api/v1/users/me/").status_code == 401
    assert browser.post("/api/v1/auth/ws-ticket/").status_code == 401


def test_a_damaged_cookie_is_refused(api):
    api.cookies["chat_refresh"] = "x" * 3000

    assert api.post(REFRESH, {}).json()["code"] == "token_invalid"
