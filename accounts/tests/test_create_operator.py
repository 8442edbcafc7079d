"""`manage.py create_operator`, which Django calls `createsuperuser`."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from conftest import PASSWORD

pytestmark = pytest.mark.django_db


def create(monkeypatch, password=f"{PASSWORD}\n", **options):
    monkeypatch.setattr(sys, "stdin", io.StringIO(password))
    out = io.StringIO()
    call_command("create_operator", stdout=out, **options)
    return out.getvalue()


def test_olga_is_made_and_signs_in(monkeypatch, api):
    said = create(monkeypatch, email="Olga@Example.org", username="olga", password_stdin=True)

    olga = User.objects.get()
    assert "olga <olga@example.org> is now an operator" in said
    assert (olga.is_staff, olga.is_superuser, olga.email_verified_at is not None) == (True, True, True)
    assert api.post("/api/v1/auth/login/", {"login": "olga", "password": PASSWORD}).status_code == 200


def test_what_is_refused_is_said_and_changes_nothing(monkeypatch, alice):
    for email, username, password, sentence in (
        ("olga", "olga", PASSWORD, "email: Enter a valid e-mail address"),
        ("olga@example.org", "Alice", PASSWORD, "username is taken"),
        ("alice@example.org", "olga", PASSWORD, "belongs to another account"),
        ("olga@example.org", "olga", "12345", "password: This password is too short"),
        ("olga@example.org", "olga", "", "password:"),
    ):
        with pytest.raises(CommandError, match=sentence) as error:
            create(monkeypatch, email=email, username=username, password=password, password_stdin=True)
        assert error.value.returncode == 1

    assert User.objects.count() == 1


def test_without_a_terminal_it_says_what_to_give(monkeypatch):
    for options, missing in (
        ({"username": "olga", "password_stdin": True}, "--email"),
        ({"email": "olga@example.org", "password_stdin": True}, "--username"),
        ({"email": "olga@example.org", "username": "olga"}, "--password-stdin"),
    ):
        with pytest.raises(CommandError, match=missing) as error:
            create(monkeypatch, **options)
        assert error.value.returncode == 2


def test_at_a_terminal_it_asks(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    answers = iter(["olga@example.org", "olga"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: PASSWORD)
    monkeypatch.setattr(sys, "stdin", Terminal())

    call_command("create_operator", stdout=io.StringIO())

    assert User.objects.get().is_superuser


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("command", ["create_operator", "createsuperuser"])
@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (["alice@example.org"], "belongs to another account"),
        (["olga"], "email: Enter a valid e-mail address"),
        (["olga@example.org", "Alice"], "username is taken"),
        (["olga@example.org", "x"], "username: Use 3 to 32 characters"),
        (["olga@example.org", "everyone"], "username: This username is reserved"),
    ],
)
def test_a_refused_name_is_reported_before_a_password_is_asked_for(monkeypatch, alice, command, answers, sentence):
    asked = []
    given = iter(answers)
    monkeypatch.setattr("builtins.input", lambda question: next(given))
    monkeypatch.setattr("getpass.getpass", asked.append)
    monkeypatch.setattr(sys, "stdin", Terminal())

    with pytest.raises(CommandError, match=sentence):
        call_command(command, stdout=io.StringIO())

    assert asked == []


def test_an_operator_may_be_called_admin_and_stay_so(monkeypatch, api, sign_in):
    create(monkeypatch, email="olga@example.org", username="admin", password_stdin=True)

    admin = User.objects.get()
    assert admin.username == "admin"
    assert api.post("/api/v1/auth/login/", {"login": "admin", "password": PASSWORD}).status_code == 200
    changed = sign_in(admin).patch("/api/v1/users/me/", {"username": "admin", "full_name": "Olga"})
    assert (changed.status_code, changed.json()["full_name"]) == (200, "Olga")


def test_only_operators_may_have_reserved_names(alice, api, sign_in):
    person = {"email": "carol@example.org", "username": "admin", "password": PASSWORD}
    assert (
        api.post("/api/v1/auth/register/", person).json()["errors"][0]["detail"]
        == "This username is reserved. Choose another one."
    )
    assert sign_in(alice).patch("/api/v1/users/me/", {"username": "admin"}).status_code == 400


@pytest.mark.parametrize("name", ["Admin", "adm1n", "\u0430dmin", "everyone", "lobby"])
def test_operators_cannot_have_look_alikes_or_names_for_groups(monkeypatch, name):
    with pytest.raises(CommandError, match="reserved"):
        create(monkeypatch, email="olga@example.org", username=name, password_stdin=True)


def test_djangos_own_command_makes_the_same_from_its_variables(monkeypatch, api):
    for name, value in {"USERNAME": "admin", "EMAIL": "Olga@Example.org", "PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"DJANGO_SUPERUSER_{name}", value)

    call_command("createsuperuser", "--noinput", stdout=io.StringIO())

    admin = User.objects.get()
    assert (admin.email, admin.is_staff, admin.is_superuser) == ("olga@example.org", True, True)
    assert admin.email_verified_at is not None
    assert api.post("/api/v1/auth/login/", {"login": "admin", "password": PASSWORD}).status_code == 200


def test_djangos_own_command_says_which_variable_is_missing_and_makes_nobody(monkeypatch):
    with pytest.raises(CommandError, match="DJANGO_SUPERUSER_PASSWORD") as error:
        call_command("createsuperuser", "--noinput", email="olga@example.org", username="olga", stdout=io.StringIO())

    assert error.value.returncode == 2
    assert not User.objects.exists()


def test_djangos_own_command_asks_at_a_terminal(monkeypatch):
    answers = iter(["olga@example.org", "olga"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: PASSWORD)
    monkeypatch.setattr(sys, "stdin", Terminal())

    call_command("createsuperuser", stdout=io.StringIO())

    assert User.objects.get().is_superuser
