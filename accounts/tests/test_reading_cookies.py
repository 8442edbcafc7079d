"""Which views accept which cookie or link instead of a token."""

import pytest

from accounts import tokens
from accounts.authentication import CookieAuthentication, FileAuthentication, LinkAuthentication, PictureAuthentication
from chatproject.tests.operations import operations
from common.errors import Refusal
from common.viewsets import option_of
from conversations import services as conversations
from media.tests.uploads import brought

pytestmark = pytest.mark.plain

PICTURES = {
    "users/<uuid:id>/avatar/",
    "conversations/<uuid:id>/avatar/",
    "media/<uuid:id>/thumbnail/",
    "media/<uuid:id>/content/",
}
FILES = {"media/<uuid:id>/content/", "media/<uuid:id>/aac/", "users/me/export/<uuid:export_id>/archive/"}


def ways_in() -> dict[str, tuple[type, ...]]:
    """How one may sign in at each address below `/api/v1/`."""
    return {one.route: option_of(one.callback, "authentication_classes") for one in operations()}


@pytest.mark.parametrize(("cookie", "expected"), [(PictureAuthentication, PICTURES), (FileAuthentication, FILES)])
def test_a_cookie_counts_where_it_is_meant_to_and_nowhere_else(cookie, expected):
    taking = {route for route, ways in ways_in().items() if cookie in ways}
    any_cookie = {
        route for route, ways in ways_in().items() if any(issubclass(one, CookieAuthentication) for one in ways)
    }

    assert taking == expected
    assert any_cookie == PICTURES | FILES


def test_a_link_opens_what_a_cookie_opens_and_nothing_else():
    assert {route for route, ways in ways_in().items() if LinkAuthentication in ways} == PICTURES | FILES


@pytest.mark.django_db
def test_one_cookie_is_not_the_other(sign_in, alice):
    session = sign_in(alice).session

    assert tokens.read_cookie_token("chat_files", tokens.cookie_token("chat_files", session)) == session.id
    with pytest.raises(Refusal):
        tokens.read_cookie_token("chat_files", tokens.cookie_token("chat_pictures", session))


@pytest.mark.django_db(transaction=True)
def test_the_cookie_for_pictures_opens_no_other_file(sign_in, api, alice, bob):
    client = sign_in(alice)
    group = conversations.create_group(
        alice, name="Friends", description="", history="all", member_ids=[bob.id], members_can_invite=False
    )
    note, shown = brought(client, group, b"a list of things", "note.txt"), brought(client, group)
    addresses = [note["content_url"], shown["content_url"], shown["thumbnail_url"]]

    answers = {}
    for cookie in ("chat_pictures", "chat_files"):
        api.cookies.clear()
        api.cookies[cookie] = tokens.cookie_token(cookie, client.session)
        answers[cookie] = [api.get(address).status_code for address in addresses]

    assert answers == {"chat_pictures": [401, 200, 200], "chat_files": [200, 200, 401]}
