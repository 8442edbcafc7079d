"""Signed links, with which pages of other origins show files."""

import time
from uuid import uuid4

import httpx
import pytest

from accounts import services as accounts
from accounts import tokens
from media.tests.avatars import FORM, part, put
from media.tests.files import picture
from media.tests.uploads import brought, send

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]

LINKS = "/api/v1/media/links/"
ORIGIN = "https://app.example.org"


def links_to(client, *urls):
    """Signed for this client's person."""
    answer = client.post(LINKS, {"urls": list(urls)})
    assert answer.status_code == 200, answer.content
    return answer.json()["links"]


@pytest.fixture
def message(sign_in, alice, group):
    """A message of alice's in the group, with a picture."""
    client = sign_in(alice)
    return send(client, group, brought(client, group)).json()


@pytest.fixture
def shown(message):
    return message["attachments"][0]


def test_a_link_is_absolute_and_opens_the_picture_by_itself(sign_in, api, bob, shown):
    content, thumbnail = links_to(sign_in(bob), shown["content_url"], f"{shown['thumbnail_url']}?size=large")

    assert content.startswith(f"http://testserver{shown['content_url']}?link=")
    assert thumbnail.startswith(f"http://testserver{shown['thumbnail_url']}?size=large&link=")
    assert [api.get(link).status_code for link in (content, thumbnail)] == [200, 200]
    assert [api.head(link).status_code for link in (content, thumbnail)] == [200, 200]
    assert api.get(shown["content_url"]).status_code == 401


def test_only_a_link_may_be_embedded_by_pages_of_other_sites(sign_in, api, alice, bob, shown):
    put(sign_in(alice))
    client = sign_in(bob)
    for url in (shown["content_url"], shown["thumbnail_url"], f"/api/v1/users/{alice.id}/avatar/"):
        by_link, by_token = api.get(*links_to(client, url)), client.get(url)

        assert by_link.getvalue() == by_token.getvalue() != b""
        assert by_link["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert by_token["Cross-Origin-Resource-Policy"] == "same-site"
        for header in ("Content-Security-Policy", "Cache-Control", "X-Content-Type-Options", "Content-Disposition"):
            assert by_link[header] == by_token[header]
        assert by_link["Cache-Control"].startswith("private, ")
        assert by_link["Referrer-Policy"] == "same-origin"


def test_it_opens_one_address_and_nothing_else(sign_in, api, bob, shown):
    (link,) = links_to(sign_in(bob), shown["content_url"])
    token = link.partition("link=")[2]
    turned = token[:-1] + ("0" if token[-1] != "0" else "1")

    refused = [shown["thumbnail_url"], "/api/v1/users/me/", f"/api/v1/media/{shown['id']}/"]
    answers = [api.get(url, {"link": token}).status_code for url in refused]
    answers += [api.get(shown["content_url"], {"link": wrong}).status_code for wrong in (turned, "x", "", "9" * 5000)]

    assert set(answers) == {401}
    assert api.get(f"{link}&link={token}").json()["errors"][0]["code"] == "repeated"
    assert api.delete(f"/api/v1/media/{shown['id']}/?link={token}").status_code == 401


def test_who_was_removed_is_refused(sign_in, api, alice, bob, group, shown):
    (link,) = links_to(sign_in(bob), shown["content_url"])
    assert api.get(link).status_code == 200

    sign_in(alice).delete(f"/api/v1/conversations/{group.id}/members/{bob.id}/")

    answer = api.get(link)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_was_deleted_is_not_there(sign_in, api, alice, bob, message, shown):
    links = links_to(sign_in(bob), shown["content_url"], shown["thumbnail_url"])

    sign_in(alice).delete(f"/api/v1/messages/{message['id']}/")

    assert [api.get(link).status_code for link in links] == [404, 404]


@pytest.mark.parametrize("end", ["signed out", "suspended"])
def test_it_ends_with_its_session(sign_in, api, bob, olga, shown, end):
    client = sign_in(bob)
    (link,) = links_to(client, shown["content_url"])
    assert api.get(link).status_code == 200

    if end == "suspended":
        accounts.suspend(olga, bob, reason="spam")
    else:
        client.post("/api/v1/auth/logout/", {})

    assert (api.get(link).status_code, api.get(link).json()["code"]) == (401, "token_invalid")


def test_it_is_the_same_for_a_while_and_then_over(sign_in, api, bob, shown, monkeypatch):
    monkeypatch.setattr(tokens, "LINK_WINDOW", 3)
    answer = sign_in(bob).post(LINKS, {"urls": [shown["content_url"]]}).json()
    (link,) = answer["links"]
    assert 3 <= answer["expires_in"] <= 6
    assert api.get(link).status_code == 200

    deadline = time.monotonic() + 30
    while api.get(link).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert api.get(link).json()["code"] == "token_invalid"

    monkeypatch.setattr(tokens, "LINK_WINDOW", 10**6)
    client = sign_in(bob)
    assert links_to(client, shown["content_url"]) == links_to(client, shown["content_url"])


def test_pictures_of_people_and_of_conversations_have_them_too(sign_in, api, alice, bob, carol, group):
    assert put(sign_in(alice)).status_code == 204
    form = part(picture()) + b"--frame--\r\n"
    sign_in(alice).put(f"/api/v1/conversations/{group.id}/avatar/", form, content_type=FORM)
    urls = [f"/api/v1/users/{alice.id}/avatar/?size=64&v=0", f"/api/v1/conversations/{group.id}/avatar/"]

    assert [api.get(link).status_code for link in links_to(sign_in(bob), *urls)] == [200, 200]
    assert [api.get(link).status_code for link in links_to(sign_in(carol), *urls)] == [200, 404]


def test_no_browser_keeps_a_picture_of_people_or_conversations_past_its_link(sign_in, api, alice, bob, group):
    put(sign_in(alice))
    form = part(picture()) + b"--frame--\r\n"
    sign_in(alice).put(f"/api/v1/conversations/{group.id}/avatar/", form, content_type=FORM)
    client = sign_in(bob)
    shown = [client.get(f"/api/v1/{path}/").json() for path in (f"users/{alice.id}", f"conversations/{group.id}")]
    urls = [one["avatar_url"] for one in shown]
    links = links_to(client, *urls)

    assert all("?v=" in url for url in urls)
    assert [api.get(link)["Cache-Control"] for link in links] == ["private, no-cache"] * 2
    assert [api.get(link, headers={"If-None-Match": "*"}).status_code for link in links] == [304, 304]
    assert all("immutable" in client.get(url)["Cache-Control"] for url in urls)


def test_a_link_can_be_signed_again(sign_in, api, bob, shown):
    client = sign_in(bob)
    urls = [shown["content_url"], f"{shown['thumbnail_url']}?size=large"]
    links = links_to(client, *urls)

    again = links_to(client, *links)
    assert again == links
    assert [api.get(link).status_code for link in again] == [200, 200]


def test_addresses_that_are_not_files_of_this_server_are_refused_by_name(sign_in, api, bob, shown):
    for wrong in ("/api/v1/users/me/", "/static/js/chat.js", f"//evil.example{shown['content_url']}", "http://[", ""):
        answer = sign_in(bob).post(LINKS, {"urls": [shown["content_url"], wrong]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "urls[1]")
    for urls in ([], [shown["content_url"]] * 101):
        assert sign_in(bob).post(LINKS, {"urls": urls}).status_code == 400
    assert links_to(sign_in(bob), f"http://testserver{shown['content_url']}")
    assert links_to(sign_in(bob), f"/api/v1/media/{uuid4()}/content/")  # whether it is there, the fetch says
    assert api.post(LINKS, {"urls": [shown["content_url"]]}).status_code == 401


def test_from_a_bucket_it_comes_by_the_same_check(s3, sign_in, api, alice, bob, group):
    client = sign_in(alice)
    upload = brought(client, group)
    send(client, group, upload)
    (link,) = links_to(sign_in(bob), upload["content_url"])
    answer = api.get(link)

    assert (answer.status_code, answer["Cache-Control"]) == (302, "no-store")
    assert "Cross-Origin-Resource-Policy" not in answer
    assert httpx.get(answer["Location"]).status_code == 200
    assert "link=" not in answer["Location"]
    client.delete(f"/api/v1/conversations/{group.id}/members/{bob.id}/")
    assert api.get(link).status_code == 404


def test_nginx_hears_that_it_may_be_embedded(sign_in, api, alice, bob, group, shown, settings):
    settings.ACCEL_REDIRECT = "/protected/"
    (link,) = links_to(sign_in(bob), shown["content_url"])

    answer = api.get(link)
    assert answer["X-Accel-Redirect"].startswith("/protected/")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    sign_in(alice).delete(f"/api/v1/conversations/{group.id}/members/{bob.id}/")
    assert "X-Accel-Redirect" not in api.get(link)


def test_pages_that_are_allowed_may_read_parts_and_what_belongs_to_them(sign_in, bob, shown, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    client = sign_in(bob)
    asking = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range,if-range",
    }

    answer = client.get(shown["content_url"], headers={"Origin": ORIGIN, "Range": "bytes=0-9"})
    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    preflight = client.options(shown["content_url"], headers=asking)

    assert (answer.status_code, len(answer.getvalue())) == (206, 10)
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert {"Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Retry-After", "X-Request-Id"} <= exposed
    assert {"range", "if-range", "if-match"} <= set(preflight["Access-Control-Allow-Headers"].split(", "))
    foreign = client.get(shown["content_url"], headers={"Origin": "https://evil.example"})
    assert not [name for name in foreign.headers if name.startswith("Access-Control")]
