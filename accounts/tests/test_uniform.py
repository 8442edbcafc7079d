"""Responses, and the work done for them, are the same for known and unknown addresses."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import mail
from accounts.models import OneTime, Session
from accounts.urls import urlpatterns
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

KNOWN, UNKNOWN = "alice@example.org", "nobody@example.org"
AUTH = "/api/v1/auth/"
OPEN = {
    "register": lambda email: {"email": email, "username": f"new-{email[:5]}", "password": PASSWORD},
    "verify": lambda email: {"email": email, "code": "000000"},
    "otp/resend": lambda email: {"email": email, "purpose": "verify_email"},
    "login": lambda email: {"login": email, "password": "wrong"},
    "password/reset": lambda email: {"email": email},
    "password/reset/confirm": lambda email: {"email": email, "code": "000000", "new_password": PASSWORD},
}
SIGNED = {"email/change": lambda email: {"password": PASSWORD, "new_email": email}}
NO_ADDRESS = {"refresh", "logout", "sessions", "sessions/<uuid:session_id>", "password/change", "email/change/confirm"}
NO_ADDRESS |= {"ws-ticket"}
ASKED_BEFORE = [{}, {"password/reset": 1}, {"register": 1}, {"register": 2, "otp/resend": 1, "password/reset": 1}]


class Work:
    """What a request did: writes to the database, files written, passwords hashed."""

    files, hashes = 0, 0


class CountingHasher(MD5PasswordHasher):
    algorithm = "counted"

    def encode(self, password, salt):
        Work.hashes += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def counted(settings, tmp_path, monkeypatch):
    """Mails are files, as in the default set-up; limits are wide."""
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.PASSWORD_HASHERS = ["accounts.tests.test_uniform.CountingHasher"]
    settings.RATE_AUTH = settings.RATE_OTP = settings.RATE_REQUESTS = "100000/s"
    write = mail._write_file

    def count(*args):
        Work.files += 1
        return write(*args)

    monkeypatch.setattr(mail, "_write_file", count)


def work_of(client, path, body):
    Work.files = Work.hashes = 0
    with CaptureQueriesContext(connection) as queries:
        status = client.post(f"{AUTH}{path}/", body).status_code
    writes = sorted(
        " ".join(query["sql"].split()[:3]) for query in queries if query["sql"][:6] in ("INSERT", "UPDATE", "DELETE")
    )
    return {"status": status, "files": Work.files, "hashes": Work.hashes, "writes": writes}


def test_every_address_that_a_stranger_names_is_looked_at_here():
    paths = {str(one.pattern).removeprefix("auth/").rstrip("/") for one in urlpatterns if "auth/" in str(one.pattern)}

    assert paths == OPEN.keys() | SIGNED.keys() | NO_ADDRESS


@pytest.mark.parametrize("before", ASKED_BEFORE, ids=str)
@pytest.mark.parametrize("path", OPEN)
def test_a_known_and_an_unknown_address_cost_the_same(api, alice, path, before):
    for email in (KNOWN, UNKNOWN):
        for asked, times in before.items():
            for n in range(times):
                body = OPEN[asked](email)
                body |= {"username": f"{body['username']}{n}"} if "username" in body else {}
                assert api.post(f"{AUTH}{asked}/", body).status_code < 300

    known, unknown = (work_of(api, path, OPEN[path](email)) for email in (KNOWN, UNKNOWN))

    assert known == unknown
    assert known["status"] != 429


@pytest.mark.parametrize("before", [0, 1])
def test_changing_to_a_known_or_unknown_address_looks_the_same(sign_in, alice, bob, carol, before):
    clients = [(sign_in(bob), KNOWN), (sign_in(carol), UNKNOWN)]
    for client, email in clients * before:
        client.post(f"{AUTH}email/change/", SIGNED["email/change"](email))

    known, unknown = (work_of(client, "email/change", SIGNED["email/change"](email)) for client, email in clients)

    assert known == unknown
    assert (known["status"], known["files"]) == (202, 2)


def test_an_unknown_address_gets_no_mail(api, settings):
    api.post(f"{AUTH}password/reset/", {"email": UNKNOWN})

    assert list(settings.EMAIL_FILE_PATH.iterdir()) == []
    assert [path.name for path in settings.EMAIL_FILE_PATH.parent.iterdir()] == ["mail"]
    assert OneTime.objects.get().user is None


SPELLINGS = {"known": ("alice", KNOWN), "unknown": ("nobody", UNKNOWN)}


def test_all_names_of_an_account_share_one_budget(api, alice, settings):
    settings.RATE_AUTH = "5/m"

    answers = {
        who: [sign_in_as(api, name, f"{who}{n}") for name in names for n in range(6)]
        for who, names in SPELLINGS.items()
    }
    right = sign_in_as(api, KNOWN, "home", PASSWORD)

    assert answers["known"] == answers["unknown"] == [401] * 5 + [429] + [401] * 5 + [429]
    assert right == 429
    assert not Session.objects.exists()


def test_the_right_password_by_another_name_does_not_open_what_has_no_tries_left(api, alice, settings):
    settings.RATE_AUTH = "5/m"
    for n in range(5):
        sign_in_as(api, "alice", f"away{n}")

    assert sign_in_as(api, KNOWN, "elsewhere", PASSWORD) == 401


def test_who_signs_in_rightly_uses_nothing_up_by_either_name(api, alice, settings):
    settings.RATE_AUTH = "5/m"

    assert [sign_in_as(api, name, "home", PASSWORD) for name in (KNOWN, "alice") * 6] == [200] * 12


def sign_in_as(api, login, place, password="wrong"):
    address = f"10.{sum(map(ord, place)) % 250}.{len(place)}.{ord(place[-1])}"
    return api.post(f"{AUTH}login/", {"login": login, "password": password}, REMOTE_ADDR=address).status_code
