"""Setting and removing your own avatar."""

import pytest
from django.db import DatabaseError, transaction
from PIL import Image

from accounts import hooks
from accounts import services as accounts
from accounts.models import User
from accounts.tests.at_once import at_once
from common.errors import Refusal
from media import services
from media.services import avatars
from media.tests.avatars import FORM, MINE, address, files_of, folder_of, is_like, part, put, seen
from media.tests.files import BLUE, RED, animation, encode, photograph, picture, two_halves

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_cut_to_squares_and_everybody_sees_it(kind, sign_in, alice, carol):
    response = put(sign_in(alice), two_halves(kind, (900, 300)))

    assert (response.status_code, response.content) == (204, b"")
    for size in (64, 256, 512):
        image = seen(sign_in(carol), alice, size=size)
        assert (image.format, image.size) == ("WEBP", (size, size))
        assert is_like(image.getpixel((2, size // 2)), RED)
        assert is_like(image.getpixel((size - 3, size // 2)), BLUE)


def test_without_a_size_it_is_256(sign_in, alice):
    put(sign_in(alice))

    assert seen(sign_in(alice), alice).size == (256, 256)


def test_her_profile_shows_where_it_is(sign_in, alice, carol):
    put(sign_in(alice))

    url = sign_in(carol).get(f"/api/v1/users/{alice.id}/").json()["avatar_url"]
    assert url.startswith(f"{address(alice)}?v=")
    assert sign_in(alice).get("/api/v1/users/me/").json()["avatar_url"] == url
    assert sign_in(carol).get(url).status_code == 200


def test_a_photo_is_upright_and_has_no_metadata(sign_in, alice):
    photo = photograph()
    assert b"Secret" in photo

    assert put(sign_in(alice), photo).status_code == 204

    image = seen(sign_in(alice), alice, size=512)
    assert is_like(image.getpixel((256, 10)), RED)
    assert is_like(image.getpixel((256, 500)), BLUE)
    assert not {"exif", "icc_profile", "xmp"} & image.info.keys()
    for path in folder_of(alice).iterdir():
        assert b"Secret" not in path.read_bytes()


def test_what_is_transparent_stays_so(sign_in, alice):
    put(sign_in(alice), picture("PNG", colour=(220, 20, 20, 0)))

    image = seen(sign_in(alice), alice)
    assert (image.mode, image.getpixel((5, 5))[3]) == ("RGBA", 0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_many_frames_the_first_counts(kind, sign_in, alice):
    assert put(sign_in(alice), animation(kind)).status_code == 204

    image = seen(sign_in(alice), alice)
    assert getattr(image, "n_frames", 1) == 1
    assert is_like(image.convert("RGB").getpixel((5, 5)), RED)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (1, 3000), (3000, 1), (7000, 5000)])
def test_any_shape_becomes_a_square(size, sign_in, alice):
    assert put(sign_in(alice), picture("PNG", size)).status_code == 204

    assert seen(sign_in(alice), alice, size=512).size == (512, 512)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_forty_megapixels_fit_into_the_sandbox_in_every_mode(mode, sign_in, alice):
    assert put(sign_in(alice), encode(Image.new(mode, (8000, 5000), 1), "PNG")).status_code == 204


def test_a_cmyk_photograph_is_fine(sign_in, alice):
    assert put(sign_in(alice), encode(Image.new("CMYK", (3000, 2000), (0, 255, 255, 20)), "JPEG")).status_code == 204
    assert is_like(seen(sign_in(alice), alice).getpixel((5, 5)), RED)


def test_the_old_picture_goes_and_the_new_one_is_readable_by_the_server_alone(sign_in, alice):
    put(sign_in(alice), picture(colour=RED))
    before = files_of(alice)

    put(sign_in(alice), picture(colour=BLUE))

    version = User.objects.get(id=alice.id).avatar_url.partition("=")[2]
    assert len(version) == 16
    assert files_of(alice) == [f"{version}-{size}.webp" for size in (256, 512, 64)]
    assert not set(files_of(alice)) & set(before)
    assert {path.stat().st_mode & 0o777 for path in folder_of(alice).iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder_of(alice), *folder_of(alice).parents[:2])} == {0o700}


def test_repeating_changes_nothing(sign_in, alice):
    put(sign_in(alice))
    before, url = files_of(alice), User.objects.get(id=alice.id).avatar_url

    assert put(sign_in(alice)).status_code == 204

    assert (files_of(alice), User.objects.get(id=alice.id).avatar_url) == (before, url)


def test_what_is_broken_on_disk_is_whole_again_after_the_next_upload(sign_in, alice):
    put(sign_in(alice))
    one, other, *_ = folder_of(alice).iterdir()
    one.write_bytes(b"half")
    other.unlink()

    put(sign_in(alice))

    for size in (64, 256, 512):
        assert seen(sign_in(alice), alice, size=size).size == (size, size)


def test_taking_it_away(sign_in, alice):
    put(sign_in(alice))

    assert sign_in(alice).delete(MINE).status_code == 204

    assert files_of(alice) == []
    assert sign_in(alice).get(address(alice)).status_code == 404
    assert sign_in(alice).get("/api/v1/users/me/").json()["avatar_url"] is None
    assert sign_in(alice).delete(MINE).status_code == 204


def test_others_get_the_change(sign_in, alice, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks.person_changed, "_receivers", [lambda user: heard.append(user.avatar_url)])

    put(sign_in(alice))
    put(sign_in(alice))
    sign_in(alice).delete(MINE)

    assert heard == [f"{address(alice)}?v={heard[0].partition('=')[2]}", ""]


def test_when_the_transaction_fails_the_new_files_go_and_the_old_ones_stay(sign_in, alice, monkeypatch):
    put(sign_in(alice), picture(colour=RED))
    before = files_of(alice)

    def fail(user):
        assert len(files_of(alice)) == 6
        raise DatabaseError("for the test")

    monkeypatch.setattr(hooks.person_changed, "_receivers", [fail])
    client = sign_in(alice)
    client.raise_request_exception = False
    assert put(client, picture(colour=BLUE)).status_code == 500

    assert files_of(alice) == before
    assert is_like(seen(sign_in(alice), alice).getpixel((5, 5)), RED)


def test_nothing_is_deleted_before_the_commit(sign_in, alice):
    put(sign_in(alice))

    with transaction.atomic():
        services.remove_avatar(alice)
        assert len(files_of(alice)) == 3
        transaction.set_rollback(True)

    assert seen(sign_in(alice), alice)


def test_of_many_uploads_at_once_one_wins_and_only_its_files_are_left(sign_in, alice, monkeypatch):
    monkeypatch.setattr(avatars.sandbox, "MAX_WAIT", 30)
    shades = iter(range(0, 256, 32))
    client = sign_in(alice)

    statuses = at_once(8, lambda: put(client, picture(colour=(next(shades) // 64 * 64, 0, 0))).status_code)

    assert statuses == [204] * 8
    version = User.objects.get(id=alice.id).avatar_url.partition("=")[2]
    assert files_of(alice) == [f"{version}-{size}.webp" for size in (256, 512, 64)]
    assert seen(client, alice)


def test_of_somebody_erased_no_file_is_left(sign_in, alice, bob):
    put(sign_in(alice))
    put(sign_in(bob))

    with transaction.atomic():
        accounts.erase(alice)
        assert len(files_of(alice)) == 3

    assert (files_of(alice), len(files_of(bob))) == ([], 3)


def test_an_upload_that_ends_after_the_erasure_leaves_nothing(alice, monkeypatch):
    monkeypatch.setattr(avatars, "_pictures", lambda *_: dict.fromkeys((512, 256, 64), b"picture"))
    User.objects.filter(id=alice.id).update(is_active=False)

    with pytest.raises(Refusal) as refusal:
        services.set_avatar(alice, None)

    assert (refusal.value.code, files_of(alice)) == ("token_invalid", [])


def test_it_cannot_be_set_as_text(sign_in, alice):
    client = sign_in(alice)

    for body in ({"avatar_url": "https://evil.example.org/x.png"}, {"avatar_url": None}):
        client.patch("/api/v1/users/me/", body)
        client.put("/api/v1/users/me/", body)

    assert User.objects.get(id=alice.id).avatar_url == ""


def test_without_a_file_it_is_required(sign_in, alice):
    client = sign_in(alice)
    missing, misnamed = ("file", "required"), ("picture", "unknown")
    named = part(picture(), field="picture") + b"--frame--\r\n"
    for body, error in ((b"", missing), (b"--frame--\r\n", missing), (named, misnamed)):
        response = client.put(MINE, body, content_type=FORM)
        assert (response.status_code, response.json()["code"]) == (400, "invalid")
        assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [error]


def test_only_forms_are_taken(sign_in, alice):
    client = sign_in(alice)
    for body, kind in ((b'{"file": "x"}', "application/json"), (picture(), "image/png"), (b"file=x", "text/plain")):
        response = client.put(MINE, body, content_type=kind)
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert client.post(MINE, {}).status_code == 405


def test_larger_than_the_limit_is_too_large(sign_in, alice, settings):
    settings.MAX_AVATAR_MB = 1
    response = put(sign_in(alice), picture() + bytes(1024**2))

    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert put(sign_in(alice), picture() + bytes(1024**2 - 2000)).status_code == 204


def test_only_signed_in_people_can_set_a_picture(api, alice):
    assert put(api).status_code == 401
    assert api.delete(MINE).status_code == 401
