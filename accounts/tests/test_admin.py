"""Managing people in the console."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import services
from accounts.models import Registration, Session, User
from common.models import AuditEntry
from conftest import PASSWORD

pytestmark = [pytest.mark.plain, pytest.mark.django_db]

PEOPLE = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"
REGISTRATIONS = "/admin/accounts/registration/"
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture
def console(olga):
    client = Client()
    client.force_login(olga)
    return client


def act(console, url, action, *rows):
    return console.post(url, {"action": action, "_selected_action": [str(row.pk) for row in rows]}, follow=True)


def test_olga_signs_in_by_username_or_address(olga):
    for login in ("Olga", "olga@example.org"):
        response = Client().post("/admin/login/?next=/admin/", {"username": login, "password": PASSWORD})
        assert response.status_code == 302


def test_olga_finds_alice_by_name_and_by_address(console, alice, bob):
    for search in ("ali", "alice@example"):
        page = console.get(PEOPLE, {"q": search}).content.decode()

        assert "alice@example.org" in page
        assert "bob@example.org" not in page


def test_a_person_shows_without_a_password(console, alice):
    page = console.get(f"{PEOPLE}{alice.id}/change/").content.decode()

    assert "Alice Adams" in page
    assert alice.password not in page


def test_olga_creates_carol_who_can_sign_in(console, api):
    assert console.get(f"{PEOPLE}add/").status_code == 200
    fields = {"email": "carol@example.org", "username": "carol", "full_name": "", "password": "correct horse battery"}

    response = console.post(f"{PEOPLE}add/", fields, follow=True)

    assert response.status_code == 200, response.content
    login = api.post("/api/v1/auth/login/", {"login": "carol", "password": "correct horse battery"})
    assert login.status_code == 200
    assert not User.objects.get(username="carol").is_staff


def test_what_is_wrong_stands_beside_its_field(console, alice):
    fields = {"email": "carol@example.org", "username": "Alice", "full_name": "", "password": "correct horse battery"}

    taken = console.post(f"{PEOPLE}add/", fields)
    weak = console.post(f"{PEOPLE}add/", {**fields, "username": "carol", "password": "12345"})

    assert "This username is taken." in taken.content.decode()
    assert "This password is too short" in weak.content.decode()
    assert User.objects.count() == 2


def test_olga_changes_a_profile_but_not_an_address(console, alice):
    fields = {"full_name": "Alice \u202eAdams-Brown", "bio": "Hello", "email": "evil@example.org", "is_staff": "on"}

    response = console.post(f"{PEOPLE}{alice.id}/change/", fields, follow=True)

    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.full_name, alice.bio) == ("Alice Adams-Brown", "Hello")
    assert (alice.email, alice.is_staff) == ("alice@example.org", False)


def test_suspending_signs_out_and_restoring_lets_back_in(console, alice, sign_in):
    client = sign_in(alice)
    assert client.get("/api/v1/users/me/").status_code == 200

    act(console, PEOPLE, "suspend", alice)

    assert client.get("/api/v1/users/me/").json()["code"] == "token_invalid"
    act(console, PEOPLE, "restore", alice)
    alice.refresh_from_db()
    assert sign_in(alice).get("/api/v1/users/me/").status_code == 200


def test_olga_cannot_suspend_herself(console, olga):
    act(console, PEOPLE, "suspend", olga)

    olga.refresh_from_db()
    assert olga.is_active


def test_olga_ends_one_or_all_sessions_of_a_person(console, alice, sign_in):
    phone, laptop, tablet = sign_in(alice, device_name="phone"), sign_in(alice), sign_in(alice)
    assert "phone" in console.get(SESSIONS, {"q": "alice"}).content.decode()

    act(console, SESSIONS, "end", phone.session)

    assert [client.get("/api/v1/users/me/").status_code for client in (phone, laptop)] == [401, 200]
    act(console, PEOPLE, "end_sessions", alice)
    assert [client.get("/api/v1/users/me/").status_code for client in (laptop, tablet)] == [401, 401]
    assert not Session.objects.live().filter(user=alice).exists()


@pytest.mark.django_db(transaction=True)
def test_olga_sees_pending_registrations_and_sends_a_new_code(console, registered, mailbox):
    registered("carol")
    waiting = Registration.objects.get()
    page = console.get(REGISTRATIONS, {"q": "carol"}).content.decode()
    assert "carol@example.org" in page
    assert waiting.reference in page
    assert waiting.password not in console.get(f"{REGISTRATIONS}{waiting.id}/change/").content.decode()

    act(console, REGISTRATIONS, "send_code", waiting)

    assert len(mailbox.to("carol@example.org")) == 2
    assert AuditEntry.objects.get().action == "person.resend_code"


def test_sessions_are_only_looked_at(console, alice, sign_in):
    session = sign_in(alice).session

    page = console.get(f"{SESSIONS}{session.id}/change/")

    assert page.status_code == 200
    assert console.get(f"{SESSIONS}add/").status_code == 403
    assert console.post(f"{SESSIONS}{session.id}/delete/", {"post": "yes"}).status_code == 403


def test_alice_has_no_business_in_the_console(alice):
    client = Client()
    client.force_login(alice)

    assert client.get(PEOPLE).status_code == 302


def test_guessing_at_the_console_meets_the_limit_of_every_sign_in(olga, api, settings):
    settings.RATE_AUTH = "3/m"
    client = Client()

    said = [client.post(LOGIN, {"username": "olga", "password": "wrong"}).content.decode() for _ in range(4)]

    assert ["Too many requests" in page for page in said] == [False, False, False, True]
    right = client.post(LOGIN, {"username": "olga", "password": PASSWORD})
    assert right.status_code == 200, "refused, and shown again"
    answer = api.post("/api/v1/auth/login/", {"login": "olga", "password": PASSWORD})
    assert answer.status_code == 429


def test_ending_all_sessions_signs_out_of_the_console(console, olga):
    assert console.get("/admin/").status_code == 200

    services.end_all_sessions(olga)

    assert console.get("/admin/").status_code == 302


def press(console, user, button, **form):
    answer = console.post(f"{PEOPLE}{user.id}/{button}/", {"_form_submitted": "True", **form})
    assert answer.headers["HX-Redirect"] == f"{PEOPLE}{user.id}/change/"
    return console.get(answer.headers["HX-Redirect"]).content.decode()


@pytest.mark.parametrize("until", ["2099-01-01T00:00:00+16:00", "9999-12-31T23:59:59-10:00"])
def test_moments_that_are_none_are_said_in_the_dialog(console, alice, until):
    answer = console.post(f"{PEOPLE}{alice.id}/suspend/", {"_form_submitted": "True", "until": until})

    assert answer.status_code == 200
    assert "HX-Redirect" not in answer.headers
    assert "offset from UTC" in answer.content.decode() or "out of range" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.is_active


def test_buttons_ask_for_a_reason_and_run_the_actions(console, alice, sign_in, mailbox):
    client = sign_in(alice)
    assert "End all sessions" in console.get(f"{PEOPLE}{alice.id}/change/").content.decode()
    for button in ("suspend", "restore", "end-sessions", "resend-code"):
        assert 'name="reason"' in console.get(f"{PEOPLE}{alice.id}/{button}/").content.decode()

    assert "1 session ended" in press(console, alice, "end-sessions", reason="A lost telephone")
    assert client.get("/api/v1/users/me/").status_code == 401
    press(console, alice, "suspend", until="2099-01-01T12:00", reason="Spam")
    alice.refresh_from_db()
    assert (alice.is_active, alice.suspended_until.isoformat()) == (False, "2099-01-01T12:00:00+00:00")
    assert "can sign in again" in press(console, alice, "restore")
    assert "the code is on its way" in press(console, alice, "resend-code", purpose="reset_password")
    assert "is not waiting for a code" in press(console, alice, "resend-code", purpose="verify_email")

    written = AuditEntry.objects.order_by("number").values_list("action", "reason")
    assert list(written) == [
        ("person.end_sessions", "A lost telephone"),
        ("person.suspend", "Spam"),
        ("person.restore", ""),
        ("person.resend_code", ""),
    ]


def test_the_list_acts_with_a_reason_and_by_its_own_rights(console, alice, bob, olga):
    chosen = {"_selected_action": [str(alice.pk)], "reason": "Spam"}
    console.post(PEOPLE, {"action": "suspend", **chosen})
    assert AuditEntry.objects.get().reason == "Spam"

    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "suspend_user"]))
    client = Client()
    client.force_login(bob)
    client.post(PEOPLE, {"action": "end_sessions", **chosen})
    client.post(PEOPLE, {"action": "suspend", "_selected_action": [str(olga.pk)]})
    assert client.post(f"{PEOPLE}{alice.id}/end-sessions/", {"_form_submitted": "True"}).status_code == 403
    client.post(PEOPLE, {"action": "restore", **chosen})

    assert list(User.objects.filter(is_active=False)) == []
    assert [entry.actor_id for entry in AuditEntry.objects.order_by("number")] == [olga.id, bob.id]


@pytest.mark.parametrize("password", [PASSWORD, "a wrong one"])
def test_ones_own_password_is_changed_on_the_page_alone(console, olga, password):
    new = "another horse battery"
    form = {"old_password": password, "new_password1": new, "new_password2": new}

    answer = console.post("/admin/password_change/", form)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    olga.refresh_from_db()
    assert olga.check_password(PASSWORD)
