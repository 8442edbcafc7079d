"""Nonsense in the address of a list of the console is no fault of ours. Lists and fields are found by themselves."""

from contextlib import suppress

import pytest
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.db.models import Field
from django.test import Client

from common.admin import CheckedChangeList

LISTS = sorted(admin.site._registry.items(), key=lambda pair: pair[0].__name__)
NONSENSE = ("99999999999", "-1", "\x00", "x", "", "0001-01-01T00:00:00+15:59", "\N{FULLWIDTH DIGIT ONE}", "9" * 400)
LOOKUPS = (
    "",
    "__exact",
    "__in",
    "__gte",
    "__year",
    "__year__gte",
    "__month",
    "__isnull",
    "__range",
    "__regex",
    "__date",
)
WORDS = ("q", "p", "o", "all", "e", "_facets", "_popup")


def parameters(fields: list[Field]) -> list[str]:
    """Everything that may be asked of a list by its address, and more."""
    names = [f"{field.name}{lookup}" for field in fields for lookup in LOOKUPS]
    return [*names, *WORDS, "nonsense", "user__nonsense", "user__created_at__year"]


def test_every_list_checks_what_it_is_asked(rf) -> None:
    assert len(LISTS) > 8
    assert [m for m, a in LISTS if not issubclass(a.get_changelist(rf.get("/")), CheckedChangeList)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "shown"), LISTS, ids=lambda one: getattr(one, "__name__", ""))
def test_nonsense_is_never_a_fault(model, shown, olga, rf) -> None:
    for name in parameters(model._meta.concrete_fields):
        for value in NONSENSE:
            request = rf.get("/", {name: value})
            request.user, request._messages = olga, CookieStorage(request)
            with suppress(IncorrectLookupParameters, SuspiciousOperation), transaction.atomic():
                shown.get_changelist_instance(request)


@pytest.mark.django_db
@pytest.mark.parametrize("nonsense", ["created_at__year=99999999999", "id__range="])
def test_nonsense_leads_back_to_the_list(olga, nonsense) -> None:
    console = Client()
    console.force_login(olga)

    answer = console.get(f"/admin/accounts/user/?{nonsense}", follow=True)

    assert answer.redirect_chain == [("/admin/accounts/user/?e=1", 302)]
    assert answer.status_code == 200


@pytest.mark.parametrize(("model", "shown"), LISTS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_list_is_asked_by_its_own_filters_alone(model, shown, rf) -> None:
    offered = {getattr(one, "parameter_name", one) for one in shown.list_filter}
    names = {field.name for field in model._meta.get_fields()} - offered

    assert names
    for name in names:
        for lookup in ("", "__startswith", "__regex", "__isnull", "__in"):
            assert not shown.lookup_allowed(f"{name}{lookup}", "x", rf.get("/")), name
    for name in offered:
        assert shown.lookup_allowed(name, "x", rf.get("/"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "question",
    [
        "messaging/message/?content__startswith=H",
        "messaging/message/?words__contains=hello",
        "accounts/user/?password__startswith=argon2",
        "accounts/user/?reports__isnull=False",
    ],
)
def test_an_address_reads_no_column_that_the_list_does_not_show(olga, question) -> None:
    console = Client()
    console.force_login(olga)

    answer = console.get(f"/admin/{question}")

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/{question.split('?')[0]}?e=1")
