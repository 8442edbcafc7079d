"""Who of the staff may open which page of the console and press which button: every page and action by introspection
against a table. One that has no line in it fails the test."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import services as accounts
from accounts.models import User
from common.errors import Refusal
from common.models import AuditEntry
from conversations import services as conversations
from operations.roles import ROLES, permissions_of

pytestmark = [pytest.mark.django_db, pytest.mark.plain]
ROLES_BY_RANK = ("nobody", "member", "moderator", "operator", "superuser")
NEVER = "never"
FORM = {"_form_submitted": "True", "reason": "She knows people."}
MODERATOR, OPERATOR, SUPERUSER = ROLES_BY_RANK[2:]
LEAST: dict[str, dict[str, str]] = {
    "accounts.user": {
        "list": MODERATOR,
        "add": OPERATOR,
        "suspend": MODERATOR,
        "suspend_this": MODERATOR,
        "restore": MODERATOR,
        "restore_this": MODERATOR,
        "end_sessions": MODERATOR,
        "sign_out": MODERATOR,
        "send_code": MODERATOR,
        "appoint": SUPERUSER,
        "delete_account": OPERATOR,
    },
    "accounts.registration": {"list": MODERATOR, "add": NEVER, "send_code": MODERATOR},
    "accounts.session": {"list": MODERATOR, "add": NEVER, "end": MODERATOR},
    "conversations.conversation": {
        "list": MODERATOR,
        "add": NEVER,
        "change_settings": MODERATOR,
        "freeze": MODERATOR,
        "freeze_this": MODERATOR,
        "change_owner": MODERATOR,
        "thaw": MODERATOR,
        "thaw_this": MODERATOR,
        "transcript": OPERATOR,
    },
    "messaging.report": {
        "list": MODERATOR,
        "add": NEVER,
        "dismiss": MODERATOR,
        "dismiss_this": MODERATOR,
        "warn": MODERATOR,
        "open_message": OPERATOR,
        "delete_message": MODERATOR,
        "remove": MODERATOR,
        "suspend": MODERATOR,
        "ban": MODERATOR,
    },
    "messaging.filter": {"list": MODERATOR, "add": MODERATOR, "try_out": MODERATOR, "delete_selected": MODERATOR},
    "messaging.message": {"list": MODERATOR, "add": NEVER},
    "notifications.push": {"list": OPERATOR, "add": NEVER, "redrive": OPERATOR},
    "auth.group": {"list": SUPERUSER, "add": SUPERUSER, "delete_selected": SUPERUSER},
    "common.auditentry": {"list": OPERATOR, "add": NEVER, "export": OPERATOR},
    "chatproject.backup": {"list": OPERATOR, "add": NEVER, "start": OPERATOR, "prove": OPERATOR},
    "chatproject.personalexport": {"list": OPERATOR, "add": NEVER, "ask": OPERATOR, "download": OPERATOR},
    "django_tasks_database.dbtaskresult": {"list": OPERATOR, "add": NEVER, "redrive": OPERATOR},
}
"""Model → page or button → the least of the roles that has it."""


@pytest.fixture
def staff(alice, bob, carol, olga) -> dict[str, User | None]:
    accounts.appoint(olga, bob, group="Moderators")
    accounts.appoint(olga, carol, group="Operators")
    people = {"member": alice, "moderator": bob, "operator": carol, "superuser": olga}
    return {"nobody": None, **{role: User.objects.get(id=person.id) for role, person in people.items()}}


def console(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def pages(model: type[Any]) -> dict[str, str]:
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    return {"list": reverse(f"admin:{name}_changelist"), "add": reverse(f"admin:{name}_add")}


def buttons(user: User | None, model: type[Any]) -> set[str]:
    """The buttons that somebody has above the list, and on a row's page."""
    if user is None:
        return set()
    request = RequestFactory().get("/admin/")
    request.user = user
    page, prefix = admin.site._registry[model], f"{model._meta.app_label}_{model._meta.model_name}_"
    links = [*page.get_actions_detail(request, str(user.id)), *page.get_actions_list(request)]
    return set(page.get_actions(request)) | {one.action_name.removeprefix(prefix) for one in links}


def least(roles: list[str]) -> str:
    """The least of some roles, which must be followed by all that are higher."""
    if not roles:
        return NEVER
    assert roles == list(ROLES_BY_RANK[ROLES_BY_RANK.index(roles[0]) :])
    return roles[0]


def test_each_page_and_button_is_for_whom_the_table_says(staff) -> None:
    found: dict[str, dict[str, str]] = {}
    for model in admin.site._registry:
        row = found[model._meta.label_lower] = {}
        for page, path in pages(model).items():
            row[page] = least([role for role, user in staff.items() if console(user).get(path).status_code == 200])
        shown = {role: buttons(user, model) for role, user in staff.items()}
        for button in sorted(set().union(*shown.values())):
            row[button] = least([role for role in staff if button in shown[role]])

    assert found == LEAST


def test_the_groups_have_all_the_rights_that_are_named(db) -> None:
    for name, apps in ROLES.items():
        rights = {f"{one.content_type.app_label}.{one.codename}" for one in permissions_of(apps)}
        assert rights == {f"{app}.{codename}" for app, codenames in apps.items() for codename in codenames}
        assert set(Group.objects.get(name=name).permissions.all()) == set(permissions_of(apps))


def test_what_was_changed_in_a_group_stays(db) -> None:
    moderators = Group.objects.get(name="Moderators")
    moderators.permissions.clear()

    call_command("migrate", verbosity=0)

    assert not moderators.permissions.exists()


def test_transcripts_and_status_are_for_whom_they_are_for(staff, alice) -> None:
    place, _ = conversations.open_direct(alice, user_id=staff["moderator"].id)
    reason = {"reason": "A report says so, and names this."}
    readers, watchers = [], []
    for role, user in staff.items():
        client = console(user)
        if client.post(f"/admin/transcripts/{place.id}/", reason).status_code == 200:
            readers.append(role)
        if b"No serving process" in client.get("/admin/").content:
            watchers.append(role)

    assert (least(readers), least(watchers)) == (OPERATOR, MODERATOR)
    assert AuditEntry.objects.filter(action="transcript.read").count() == len(readers)


def test_nobody_raises_their_own_rights(staff, olga) -> None:
    new = {"email": "new@example.org", "username": "newcomer", "password": "a long password 7", "is_operator": "on"}
    for role in ("moderator", "operator"):
        user = staff[role]
        page = f"/admin/accounts/user/{user.id}/"
        client = console(user)
        for path, body in (
            (f"{page}appoint/", {**FORM, "group": "Operators"}),
            (f"{page}change/", {"is_superuser": "on", "is_staff": "on", "full_name": "X"}),
            ("/admin/auth/group/add/", {"name": "All"}),
        ):
            client.post(path, body)
        with pytest.raises(Refusal):
            accounts.appoint(user, user, group="Operators")
        now = User.objects.get(id=user.id)
        assert (now.is_superuser, list(now.groups.values_list("name", flat=True))) == (False, [f"{role.title()}s"])
    assert console(staff["operator"]).post("/admin/accounts/user/add/", new).status_code == 302
    assert not User.objects.get(username="newcomer").is_staff
    with pytest.raises(Refusal):
        accounts.appoint(olga, olga, group="Moderators")


def test_a_superuser_appoints_and_it_is_written_down(staff, alice, olga) -> None:
    client = console(olga)

    client.post(f"/admin/accounts/user/{alice.id}/appoint/", {**FORM, "group": "Moderators"})

    assert User.objects.get(id=alice.id).has_perm("messaging.decide_report")
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.reason) == ("person.appoint", "She knows people.")
    assert entry.facts == {"group": "Moderators", "changed": ["groups", "is_staff"]}
    accounts.appoint(olga, alice, group="")
    assert not User.objects.get(id=alice.id).is_staff
