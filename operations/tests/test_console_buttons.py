"""Every button of every page of the console opens what it promises. Pages and buttons are found by themselves."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import clear_url_caches, resolve, reverse

from common.admin import dialog_button
from conversations.admin import ConversationAdmin
from operations.tests.rows import a_row_of_everything

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]  # a file that is fetched closes connections

MODELS = sorted(admin.site._registry.items(), key=lambda pair: pair[0].__name__)
OF_DJANGO = ("_change", "_changelist", "_add", "_delete", "_history")
"""How the names of pages end that are no button's."""


class Link(NamedTuple):
    """Where an element leads, what it says, and whether it opens a dialog."""

    address: str
    text: str
    is_dialog: bool


class Links(HTMLParser):
    """The links of a page, and its first heading."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.heading = ""
        self._open: dict[str, str | None] | None = None
        self._text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "hx-get" in found or (tag == "a" and "href" in found) or tag == "h1":
            self._open, self._text = found, []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self._text).split())
        if tag == "h1":
            self.heading = self.heading or text
        elif tag == "a" and self._open is not None:
            address = self._open.get("hx-get") or self._open.get("href") or ""
            self.links.append(Link(address, text, "hx-get" in self._open))
            self._open = None


@pytest.fixture
def console(olga, alice, bob, sign_in) -> Client:
    a_row_of_everything(alice, bob, sign_in(alice).session)
    client = Client()
    client.force_login(olga)
    return client


def pages() -> Iterator[tuple[str, Any]]:
    """The first page, the list of every model, and the page of one of its rows."""
    yield reverse("admin:index"), ()
    for model, shown in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist"), (*shown.actions_list, *shown.actions_row)
        row = shown.get_queryset(_request(f"{name}_changelist")).first()
        assert row is not None, f"a test needs a row of {name}"
        yield reverse(f"{name}_change", args=[row.pk]), shown.actions_detail


def _request(name: str) -> HttpRequest:
    request = HttpRequest()
    request.resolver_match = resolve(reverse(name))
    request.user = None  # type: ignore[assignment]
    return request


def answer_to(console: Client, link: Link) -> HttpResponse:
    answer = console.get(link.address, follow=True)
    assert answer.status_code == 200, link
    return answer


def test_every_dialog_is_the_one_that_its_button_names(console) -> None:
    seen = 0
    for page, _ in pages():
        for link in Links(console.get(page).content.decode()).links:
            if link.is_dialog and "search" not in link.address:
                dialog = answer_to(console, link).content.decode()
                assert 'id="dialog"' in dialog, f"{link} of {page} opens an empty box"
                assert Links(dialog).heading == link.text, page
                assert "hx-post" in dialog, page
                seen += 1
    assert seen > 15


def test_every_button_of_a_page_is_there_and_leads_to_its_own_action(console) -> None:
    for page, buttons in pages():
        links = [link for link in Links(console.get(page).content.decode()).links if link.address.startswith("/admin/")]
        leading = [getattr(resolve(link.address.split("?")[0]).func, "original_function_name", "") for link in links]
        assert set(buttons) <= set(leading), page
        for link, name in zip(links, leading, strict=True):
            if name in buttons and not link.is_dialog:
                answer = answer_to(console, link)
                ends = [resolve(place.split("?")[0]).url_name for place, _ in answer.redirect_chain]
                assert not [end for end in ends if end.endswith(OF_DJANGO)], link
                assert answer.headers.get("Content-Disposition") or Links(answer.content.decode()).heading, link


def test_every_link_of_the_console_leads_somewhere(console) -> None:
    places = {
        link.address.split("?")[0]
        for page, _ in pages()
        for link in Links(console.get(page).content.decode()).links
        if link.address.startswith("/")
    }
    assert len(places) > 40
    assert {
        place: code for place in sorted(places) if (code := console.get(place, follow=True).status_code) != 200
    } == {}


def test_a_button_with_the_name_of_another_page_keeps_the_server_from_starting(monkeypatch) -> None:
    assert [one for one in run_checks() if one.id == "chatproject.E030"] == []

    @dialog_button("other", "Other", "It would open Django's page.", permissions=["moderate"])
    def history(self: Any, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        raise NotImplementedError

    monkeypatch.setattr(ConversationAdmin, "history", history, raising=False)
    monkeypatch.setattr(ConversationAdmin, "actions_detail", ("transcript", "history", "change_owner"))
    clear_url_caches()

    (found,) = [one for one in run_checks() if one.id == "chatproject.E030"]

    assert "conversations_conversation_history" in found.msg
