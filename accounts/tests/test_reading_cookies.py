"""Which views take a cookie or a link instead of a token, and which of them."""

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from accounts import tokens
from accounts.authentication import CookieAuthentication, FileAuthentication, LinkAuthentication, PictureAuthentication
from chatproject.common.errors import Refusal
from conversations import services as conversations
from media.tests.uploads import brought

PICTURES = {"AvatarView", "ConversationAvatarView", "ThumbnailView", "ContentView"}
FILES = {"ContentView", "AacView", "ArchiveView"}


def views(patterns):
    for one in patterns:
        if isinstance(one, URLPattern):
            yield getattr(one.callback, "cls", None) or getattr(one.callback, "view_class", None)
        else:
            yield from views(one.url_patterns)


@pytest.mark.parametrize(("cookie", "expected"), [(PictureAuthentication, PICTURES), (FileAuthentication, FILES)])
def test_a_cookie_counts_where_it_is_meant_to_and_nowhere_else(cookie, expected):
    found = [view for view in views(get_resolver().url_patterns) if view]
    taking = {view.__name__ for view in found if cookie in getattr(view, "authentication_classes", ())}
    any_cookie = {
        view.__name__
        for view in found
        if any(issubclass(one, CookieAuthentication) for one in getattr(view, "authentication_classes", ()))
    }

    assert taking == expected
    assert any_cookie == PICTURES | FILES


def test_a_link_opens_what_a_cookie_opens_and_nothing_else():
    found = [view for view in views(get_resolver().url_patterns) if view]
    taking = {view.__name__ for view in found if LinkAuthentication in getattr(view, "authentication_classes", ())}

    assert taking == PICTURES | FILES


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
