"""Every list of the console in which people stand finds them as the directory does: by any word of their names, folded.
The lists are found by themselves, so that a new one cannot search otherwise."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model

from accounts import console
from accounts import services as accounts
from accounts.models import Registration, Session, User
from common import audit
from common.clock import now
from common.models import AuditEntry
from conversations import services as conversations
from messaging.models import Message, Report
from messaging.moderation.services import report_user
from messaging.services import send_message
from messaging.wire.writing import NewMessage
from notifications.models import Push
from operations.models import PersonalExport
from operations.personal_export.create import request_export_of

pytestmark = pytest.mark.django_db(transaction=True)

LUKASZ = {"email": "lukas.krol@example.org", "username": "lkrol", "full_name": "Łukasz O’Król"}
FINDING = ("lkrol", "LKR", "lukasz", "Łuk", "okrol", "krol luk", "lukas.krol@exam")
NOT_FINDING = ("alice", "ukasz", "@example.org", "lukasz alice", "%", "_")


def is_about_people(model: type[Model]) -> bool:
    """Whether the rows are people or name some."""
    fields = model._meta.concrete_fields
    return model is User or any(
        field.related_model is User or field.name in ("username", "actor_id") for field in fields
    )


LISTS = {model: shown for model, shown in admin.site._registry.items() if is_about_people(model)}


def say(user: User) -> None:
    group = conversations.create_group(
        user, name="Friends", description="", member_ids=[], history="all", members_can_invite=False
    )
    send_message(user, conversation_id=group.id, message=NewMessage("Hello"))


def queue_push(user: User) -> None:
    device, _ = accounts.register_device(accounts.open_session(user), provider="fcm", token=f"the phone of {user}")
    Push.objects.create(device=device, topic=user.id, kind="security", due_at=now())


def register(user: User) -> None:
    names = {"username": user.username, "username_key": user.username_key, "full_name": user.full_name}
    Registration.objects.create(email=user.email, password="", **names)


MAKE: dict[type[Model], Callable[[User], Any]] = {
    User: lambda user: user,
    Registration: register,
    Session: accounts.open_session,
    Push: queue_push,
    Report: lambda user: report_user(User.objects.get(username="bob"), user_id=user.id, reason="spam"),
    Message: say,
    PersonalExport: lambda user: request_export_of(user, user, reason=""),
    AuditEntry: lambda user: audit.record("person.suspend", actor_id=user.id, subject="person", subject_id=user.id),
}
"""How each list gets a row about somebody."""


def test_each_list_with_people_is_tried():
    assert LISTS.keys() == MAKE.keys()


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_a_list_with_people_finds_them_by_any_word_of_their_names(model, person, alice, bob, olga, rf, monkeypatch):
    lukasz = person(**LUKASZ)
    for user in (lukasz, alice):
        MAKE[model](user)

    def found(search: str) -> set[Model]:
        request = rf.get("/", {"q": search})
        request.user = olga
        return set(LISTS[model].get_changelist_instance(request).result_list)

    (theirs,) = found(FINDING[0])
    assert [search for search in FINDING if found(search) != {theirs}] == []
    assert [search for search in NOT_FINDING if theirs in found(search)] == []
    assert {theirs} < found("")
    monkeypatch.setattr(console, "MAX_IDS_IN_QUERY", 0)  # as where more people are found than can be named one by one
    assert [search for search in FINDING if found(search) != {theirs}] == []
