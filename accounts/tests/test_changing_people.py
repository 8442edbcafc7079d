"""Whatever is changed about a person by hand, in the console or by a command, is written down: which fields, never what
is secret. Another password ends all sign-ins."""

import io
import sys

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.forms import BooleanField
from django.test import Client

from accounts.models import Session, User
from common.models import AuditEntry
from conftest import PASSWORD

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"
NEW = "another horse battery"


@pytest.fixture
def console(olga) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.order_by("number"))


def command(name: str, *args: str, typed: str = "", **options) -> str:
    out = io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        call_command(name, *args, stdout=out, **options)
    finally:
        sys.stdin = before
    return out.getvalue()


# --- In the console -------------------------------------------------------------------------------------------------
def test_every_field_that_can_be_edited_is_written_down(console, olga, alice, rf) -> None:
    page = f"{PEOPLE}{alice.id}/change/"
    form = console.get(page).context["adminform"].form
    shown = admin.site._registry[User]
    assert [formset for formset in shown.get_inline_instances(rf.get("/"))] == []  # noqa: C416
    assert form.fields
    for name, field in form.fields.items():
        kept = {other: getattr(alice, other) for other in form.fields}
        value = (not kept[name]) if isinstance(field, BooleanField) else "Something else"

        answer = console.post(page, {**kept, name: value})

        assert answer.status_code == 302, answer.content
        alice.refresh_from_db()
        assert getattr(alice, name) == value
        (entry,) = entries()
        assert (entry.action, entry.actor_id, entry.subject_id) == ("person.change", olga.id, alice.id)
        assert entry.facts == {"changed": [name]}
        AuditEntry.objects.all().delete()


def test_no_other_field_can_be_edited(console, alice) -> None:
    """What decides who somebody is, and what they may do, goes by deeds that are written down."""
    before = User.objects.values().get(id=alice.id)
    group = Group.objects.first()
    posted = {
        "full_name": alice.full_name,
        "bio": alice.bio,
        "username": "carol",
        "email": "carol@example.org",
        "password": NEW,
        "groups": str(group.pk),
        **dict.fromkeys(("is_staff", "is_superuser", "user_permissions"), "on"),
    }

    console.post(f"{PEOPLE}{alice.id}/change/", posted)

    after = User.objects.values().get(id=alice.id)
    assert {name for name in before if before[name] != after[name]} <= {"seq"}
    assert not alice.groups.exists()


def test_somebody_new_is_written_down_without_their_password(console, olga) -> None:
    new = {
        "email": "carol@example.org",
        "username": "carol",
        "full_name": "Carol",
        "password": NEW,
        "is_operator": "on",
    }
    console.post(f"{PEOPLE}add/", new)

    (entry,) = entries()
    assert (entry.action, entry.actor_id) == ("person.create", olga.id)
    assert entry.facts == {"changed": ["email", "full_name", "is_staff", "is_superuser", "password", "username"]}


def test_who_is_appointed_and_what_a_group_may_do_is_written_down(console, olga, alice) -> None:
    right = Permission.objects.get(codename="view_status")
    console.post("/admin/auth/group/add/", {"name": "Watchers", "permissions": [right.pk]})
    group = Group.objects.get(name="Watchers")
    console.post(f"{PEOPLE}{alice.id}/appoint/", {"_form_submitted": "True", "group": "Watchers", "reason": "New"})
    console.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Watchers", "permissions": []})
    console.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    facts = [(entry.action, entry.actor_id, entry.facts) for entry in entries()]
    assert facts == [
        (
            "group.create",
            olga.id,
            {"name": "Watchers", "changed": ["name", "permissions"], "added": ["view_status"], "removed": []},
        ),
        ("person.appoint", olga.id, {"group": "Watchers", "changed": ["groups", "is_staff"]}),
        (
            "group.change",
            olga.id,
            {"name": "Watchers", "changed": ["permissions"], "added": [], "removed": ["view_status"]},
        ),
        ("group.delete", olga.id, {"name": "Watchers", "members": 1}),
    ]


# --- By commands ----------------------------------------------------------------------------------------------------
def test_changepassword_ends_all_sign_ins_and_is_written_down(alice, sign_in, api, mailbox) -> None:
    client, browser = sign_in(alice), Client()
    alice.is_staff = True
    alice.save()
    browser.force_login(alice)
    assert browser.get("/admin/").status_code == 200

    said = command("changepassword", "Alice", typed=f"{NEW}\n", password_stdin=True)

    assert said == "The password of alice was changed; 1 session ended.\n"
    assert not Session.objects.live().filter(user=alice).exists()
    assert client.get("/api/v1/users/me/").json()["code"] == "token_invalid"
    assert browser.get("/admin/").status_code == 302
    logins = [api.post("/api/v1/auth/login/", {"login": "alice", "password": one}) for one in (PASSWORD, NEW)]
    assert [login.status_code for login in logins] == [401, 200]
    (entry,) = entries()
    assert (entry.action, entry.actor_id, entry.subject_id) == ("person.change", None, alice.id)
    assert entry.facts == {"changed": ["password"], "ended": 1}


def test_a_bad_password_or_nobody_changes_nothing(alice) -> None:
    for user, typed, sentence in (("alice", "12345", "too short"), ("nobody", NEW, "Nobody has the")):
        with pytest.raises(CommandError, match=sentence):
            command("changepassword", user, typed=f"{typed}\n", password_stdin=True)

    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert entries() == []


@pytest.mark.parametrize("name", ["create_operator", "createsuperuser"])
def test_operators_that_a_command_makes_are_written_down(name) -> None:
    command(name, typed=f"{NEW}\n", email="carol@example.org", username="carol", password_stdin=True)

    carol = User.objects.get()
    assert (carol.is_superuser, carol.email_verified_at is not None, carol.check_password(NEW)) == (True, True, True)
    (entry,) = entries()
    assert (entry.action, entry.actor_id, entry.subject_id) == ("person.create", None, carol.id)
    assert entry.facts == {"changed": ["email", "is_staff", "is_superuser", "password", "username"]}
