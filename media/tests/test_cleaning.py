"""Downloaded files do not reveal where, when or with what they were made."""

import io
import zipfile
from itertools import chain

import pytest

from media import services
from media.file_processor import FileProcessor
from media.models import Blob, Upload
from media.services import processing
from media.sniffing import INLINE, KEPT_FORMATS, PICTURES, sniff
from media.tests.avatars import MINE, address, put
from media.tests.corpus import planted
from media.tests.files import case, photograph, two_halves
from media.tests.films import film, voice
from media.tests.uploads import bring, brought, process, send, stored
from messaging.models import Message
from operations.personal_export.archive import write_archive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.plain]

PLANTED = planted()
TOLD_LATER = {"audio/mp4", "audio/webm", "audio/aac", "video/ogg"}
"""Their first bytes are those of another type."""
MARKS = (b"52.52", b"Secret", b"\0\0\x004\0\0\0\x01\0\0\0\x1f\0\0\0\x01\0\0\0\x0c\0\0\0\x01", b"\xae\x004\x85\x1e")
"""The planted names and coordinates, as text, as EXIF writes them and as 3GPP does."""


def body(client, url):
    response = client.get(url)
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_the_planted_files_are_of_every_kind_that_is_shown():
    kinds = {sniff(content) for content in PLANTED.values()}
    assert kinds >= KEPT_FORMATS | {"image/heic", "image/avif", "image/tiff"}
    assert kinds >= INLINE - TOLD_LATER
    for name, content in PLANTED.items():
        assert any(mark in content for mark in MARKS), name


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_planted_reaches_another_member(name, sign_in, alice, bob, group):
    state = brought(sign_in(alice), group, PLANTED[name], name=name)
    send(sign_in(alice), group, state)
    client = sign_in(bob)

    (message,) = client.get(f"/api/v1/conversations/{group.id}/messages/").json()["results"]
    (shown,) = message["attachments"]
    urls = [shown["content_url"], shown["thumbnail_url"], shown["aac_url"]]
    bodies = [body(client, url) for url in urls if url]
    if shown["thumbnail_url"]:
        bodies.append(body(client, f"{shown['thumbnail_url']}?size=large"))

    assert (shown["status"], shown["is_cleaned"]) == ("ready", True)
    for one in chain(bodies, (path.read_bytes() for path in stored())):
        assert one
        assert not [mark for mark in MARKS if mark in one]


@pytest.mark.parametrize("name", [name for name, content in PLANTED.items() if sniff(content) in PICTURES])
def test_nothing_planted_is_in_a_picture_of_a_person(name, sign_in, alice, bob):
    assert put(sign_in(alice), PLANTED[name]).status_code == 204

    for size in (64, 256, 512):
        shown = sign_in(bob).get(address(alice), {"size": size}).content
        assert not [mark for mark in MARKS if mark in shown]


def test_what_cannot_be_cleaned_says_so_before_it_is_sent_and_is_only_saved(sign_in, alice, bob, group):
    for content, name in ((b"%PDF-1.7\nSecret", "plan.pdf"), (b"PK\x05\x06" + bytes(18), "all.zip")):
        state = bring(sign_in(alice), group, content, name=name).json()
        assert (state["is_cleaned"], state["status"]) == (False, "ready")
        send(sign_in(alice), group, state)
        response = sign_in(bob).get(state["content_url"])
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert b"".join(response.streaming_content) == content


BROKEN = photograph()[:300]


def test_what_failed_after_it_was_sent_is_for_its_sender_alone_until_they_send_it_again(sign_in, alice, bob, group):
    state = bring(sign_in(alice), group, BROKEN).json()
    assert state["is_cleaned"] is None
    message = send(sign_in(alice), group, state).json()

    process()

    assert sign_in(bob).get(state["content_url"]).json()["code"] == "conflict"
    assert body(sign_in(alice), state["content_url"]) == BROKEN
    edit = {"content": "Look", "attachment_ids": [state["id"]]}
    assert sign_in(alice).patch(f"/api/v1/messages/{message['id']}/", edit).status_code == 200
    assert sign_in(bob).get(state["content_url"]).status_code == 409

    send(sign_in(alice), group, state)

    response = sign_in(bob).get(state["content_url"])
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(response.streaming_content) == BROKEN


def test_who_knows_that_it_failed_sends_it_as_it_is(sign_in, alice, bob, group):
    state = brought(sign_in(alice), group, BROKEN)
    assert (state["status"], state["is_cleaned"]) == ("failed", False)

    send(sign_in(alice), group, state)

    assert body(sign_in(bob), state["content_url"]) == BROKEN


def test_nothing_is_given_out_while_it_is_being_cleaned(sign_in, alice, group):
    for content in (film("mp4", seconds=0.2), voice("ogg", seconds=0.2), photograph()):
        state = bring(sign_in(alice), group, content).json()
        response = sign_in(alice).get(state["content_url"])
        assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
            409,
            "conflict",
            "1",
        )


def test_a_picture_of_another_kind_has_a_name_of_its_own(sign_in, alice, group):
    state = brought(sign_in(alice), group, case("gps.heic"), name="IMG_0001.HEIC")

    assert (state["filename"], state["mime_type"], state["kind"]) == ("IMG_0001.jpg", "image/jpeg", "image")


def test_a_voice_message_plays_where_opus_does_not(sign_in, alice, bob, group):
    state = brought(sign_in(alice), group, voice("webm"), name="voice.webm", kind="voice")
    send(sign_in(alice), group, state)

    response = sign_in(bob).get(state["aac_url"])
    content = b"".join(response.streaming_content)

    assert (state["kind"], state["mime_type"], content[4:12]) == ("voice", "audio/webm", b"ftypM4A ")
    assert response.headers["Content-Type"] == "audio/mp4"
    assert response.headers["Content-Disposition"] == 'inline; filename="voice.m4a"'
    again = brought(sign_in(alice), group, content, name="again.m4a")
    assert (again["kind"], again["duration"], again["aac_url"]) == ("audio", pytest.approx(3, abs=0.1), None)
    sign_in(alice).delete(f"/api/v1/messages/{Message.objects.get().id}/")
    sign_in(alice).delete(f"/api/v1/media/{again['id']}/")
    assert (Blob.objects.count(), stored()) == (0, [])


def test_another_person_waits_for_one_file_at_most(sign_in, alice, bob, group):
    pile = [bring(sign_in(alice), group, two_halves(size=(9, 9 + n))).json()["id"] for n in range(4)]
    other = bring(sign_in(bob), group, two_halves(size=(8, 8))).json()["id"]
    processor = FileProcessor()

    processor.run_next()
    processor.run_next()

    ready = {str(id_) for id_ in Upload.objects.filter(status="ready").values_list("id", flat=True)}
    assert ready == {pile[0], other}


def older(client, group, content, **fields):
    """A file as the version before has stored it."""
    state = bring(client, group, content).json()
    Upload.objects.filter(id=state["id"]).update(is_cleaned=None, **fields)
    send(client, group, state)
    return state["id"], state["content_url"]


def test_what_the_version_before_stored_is_a_download_until_it_is_cleaned(sign_in, alice, bob, group):
    clip, url = older(sign_in(alice), group, case("gps.mp4"), status="ready", kind="video")
    photo, _ = older(sign_in(alice), group, case("gps.heic"), status="ready", kind="other")
    torn, _ = older(sign_in(alice), group, case("gps_no_eoi.jpg"), status="failed", kind="image")
    plan, _ = older(sign_in(alice), group, b"%PDF-1.7\n", status="ready", kind="document")
    done, _ = older(sign_in(alice), group, two_halves(), status="ready", kind="image")
    response = sign_in(bob).get(url)
    assert (response.status_code, response.headers["Content-Disposition"][:10]) == (200, "attachment")
    response.close()

    process()

    cleaned = dict(Upload.objects.values_list("id", "is_cleaned"))
    assert {str(id_): is_cleaned for id_, is_cleaned in cleaned.items()} == {
        **dict.fromkeys((clip, photo, torn, done), True),
        plan: False,
    }
    assert set(Upload.objects.values_list("status", flat=True)) == {"ready"}
    assert sign_in(bob).get(url).headers["Content-Disposition"].startswith("inline")
    assert not any(b"52.52" in path.read_bytes() for path in stored())


def test_a_film_of_the_version_before_that_cannot_be_cleaned_stays_a_download(sign_in, alice, bob, group):
    _, url = older(sign_in(alice), group, b"\0\0\0\x18ftypmp42" + bytes(99), status="ready", kind="video")

    process()

    assert sign_in(bob).get(url).headers["Content-Disposition"].startswith("attachment")


def test_what_the_version_before_had_queued_is_done(sign_in, alice, group):
    state = bring(sign_in(alice), group).json()
    processing.process_upload.call(state["id"])

    process()

    assert services.upload_of(alice, state["id"]).status == "ready"


def test_files_keep_their_endings_in_a_personal_archive(sign_in, alice, group):
    states = [
        brought(sign_in(alice), group, case("gps.heic"), name="IMG_0001.HEIC"),
        brought(sign_in(alice), group, b"a;b\n", name="Übersicht.csv"),
        brought(sign_in(alice), group, b"x", name="Makefile"),
    ]
    write_archive(alice, file := io.BytesIO())

    with zipfile.ZipFile(file) as archive:
        names = {name for name in archive.namelist() if name.startswith("media/files/")}
        assert names == {f"media/files/{one['id']}{end}" for one, end in zip(states, (".jpg", ".csv", ""), strict=True)}
        assert not any(b"Example" in archive.read(name) for name in names)


def test_pictures_of_a_person_have_a_limit(sign_in, alice, settings):
    settings.RATE_AVATARS = "2/m"

    statuses = [sign_in(alice).put(MINE).status_code, *(put(sign_in(alice)).status_code for _ in range(3))]

    assert statuses == [400, 204, 204, 429]
