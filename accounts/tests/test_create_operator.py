"""`manage.py create_operator`."""

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
    assert "olga <olga@example.org> is an operator" in said
    assert (olga.is_staff, olga.is_superuser, olga.email_verified_at is not None) == (True, True, True)
    assert api.post("/api/v1/auth/login/", {"login": "olga", "password": PASSWORD}).status_code == 200


def test_what_is_refused_is_said_and_changes_nothing(monkeypatch, alice):
    for email, username, password, sentence in (
        ("olga", "olga", PASSWORD, "email: Enter an e-mail address"),
        ("olga@example.org", "Alice", PASSWORD, "username is taken"),
        ("alice@example.org", "olga", PASSWORD, "known already"),
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
