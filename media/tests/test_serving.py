"""Fetching somebody's avatar."""

import uuid

import pytest

from accounts import services as accounts
from accounts import tokens
from accounts.models import User
from media.services import avatars
from media.tests.avatars import address, folder_of, put, seen
from media.tests.files import BLUE, picture

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shown(sign_in, alice):
    """The address of alice's picture, with its version."""
    assert put(sign_in(alice)).status_code == 204
    return User.objects.get(id=alice.id).avatar_url


def test_it_can_do_nothing_but_be_looked_at(sign_in, bob, shown):
    response = sign_in(bob).get(shown)

    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Content-Disposition"] == 'inline; filename="avatar.webp"'
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_it_is_kept_for_ever_under_its_version_alone(sign_in, alice, bob, shown):
    client = sign_in(bob)

    assert client.get(shown).headers["Cache-Control"] == "private, max-age=31536000, immutable"
    for url in (address(alice), f"{address(alice)}?v=", f"{address(alice)}?v=0123456789abcdef"):
        response = client.get(url)
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "private, no-cache")


def test_what_the_browser_has_is_not_sent_again(sign_in, bob, shown):
    client = sign_in(bob)
    etag = client.get(shown).headers["ETag"]

    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = client.get(shown, HTTP_IF_NONE_MATCH=known)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
        assert response.headers["Cache-Control"].endswith("immutable")
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
    for other in ('"other"', etag.replace("256", "64"), "nonsense", ""):
        assert client.get(shown, HTTP_IF_NONE_MATCH=other).status_code == 200


def test_each_size_and_version_has_its_own_etag(sign_in, alice, shown):
    client = sign_in(alice)
    etags = {client.get(address(alice), {"size": size}).headers["ETag"] for size in (64, 256, 512)}
    put(client, picture(colour=BLUE))
    etags |= {client.get(address(alice), {"size": size}).headers["ETag"] for size in (64, 256, 512)}

    assert len(etags) == 6


def test_other_sizes_are_invalid(sign_in, alice, shown):
    for size in ("65", "0", "-64", "", "x", "64 ", "٦٤", "9" * 5000):
        response = sign_in(alice).get(address(alice), {"size": size})
        assert (response.status_code, response.json()["code"]) == (400, "invalid")
        assert [one["field"] for one in response.json()["errors"]] == ["size"]


def test_strangers_see_none(api, shown):
    assert api.get(shown).status_code == 401


def test_browsers_show_the_cookie_for_pictures(api, sign_in, alice, bob, shown):
    session = sign_in(bob).session
    api.cookies["chat_pictures"] = tokens.cookie_token("chat_pictures", session)

    assert api.get(shown).status_code == 200
    assert api.head(shown).status_code == 200
    assert put(api).status_code == 401

    accounts.end_session(bob, session.id)
    assert api.get(shown).status_code == 401
    api.cookies["chat_pictures"] = "nonsense"
    assert api.get(shown).status_code == 401


def test_missing_avatars_and_unknown_people_look_the_same(sign_in, alice, bob, carol, shown):
    client = sign_in(bob)
    answers = [client.get(address(carol)), client.get(f"/api/v1/users/{uuid.uuid4()}/avatar/")]
    User.objects.filter(id=alice.id).update(is_active=False)
    answers.append(client.get(shown))

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}


@pytest.mark.parametrize("accept", ["image/webp", "image/avif,image/*;q=0.8", "text/html", "application/json", "*/*"])
def test_whatever_the_client_accepts(accept, sign_in, bob, carol, shown):
    client = sign_in(bob)

    assert client.get(shown, HTTP_ACCEPT=accept).headers["Content-Type"] == "image/webp"
    assert client.get(address(carol), HTTP_ACCEPT=accept).headers["Content-Type"] == "application/problem+json"


def test_files_that_got_lost_are_not_found(sign_in, alice, shown):
    for path in folder_of(alice).iterdir():
        path.unlink()

    assert sign_in(alice).get(shown).status_code == 404


def test_who_looks_while_the_picture_changes_sees_the_new_one(sign_in, alice, shown, monkeypatch):
    looks = []
    name = avatars._name

    def late(person_id, version, size):
        if not looks:
            looks.append(version)
            put(sign_in(alice), picture(colour=BLUE))
        return name(person_id, version, size)

    client = sign_in(alice)
    monkeypatch.setattr(avatars, "_name", late)

    assert seen(client, alice).getpixel((5, 5))[2] > 180
