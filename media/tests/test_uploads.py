"""Uploading files to a conversation."""

import uuid

import pytest

from accounts.tests.at_once import at_once
from common.files import safe_filename
from conversations import services as conversations
from conversations.models import Membership
from media.models import Blob, Upload
from media.tests.files import photograph, picture
from media.tests.uploads import bring, brought, process, stored

pytestmark = pytest.mark.django_db(transaction=True)

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"


def test_a_picture_is_made_ready_in_the_background(sign_in, alice, group):
    client = sign_in(alice)

    response = bring(client, group, photograph(), name="holiday.jpg")

    assert response.status_code == 201
    state = response.json()
    assert (state["kind"], state["status"], state["mime_type"]) == ("image", "processing", "image/jpeg")
    assert (state["filename"], state["size"], state["thumbnail_url"]) == ("holiday.jpg", len(photograph()), None)
    assert client.get(state["content_url"]).json()["code"] == "conflict"

    process()

    ready = client.get(f"/api/v1/media/{state['id']}/").json()
    assert (ready["status"], ready["width"], ready["height"]) == ("ready", 480, 640)  # upright
    assert ready["placeholder"].startswith("data:image/webp;base64,")
    content = client.get(ready["content_url"])
    assert content.headers["Content-Type"] == "image/jpeg"
    assert content.headers["Content-Disposition"].startswith("inline")
    assert b"Secret" not in b"".join(content.streaming_content)
    assert all(b"Secret" not in path.read_bytes() for path in stored())
    for size in ("", "?size=large"):
        assert client.get(ready["thumbnail_url"] + size).headers["Content-Type"] == "image/webp"


def test_a_document_is_ready_at_once_and_only_ever_an_attachment(sign_in, alice, group):
    state = bring(sign_in(alice), group, PDF, name="plan.pdf").json()

    assert (state["kind"], state["status"], state["mime_type"]) == ("document", "ready", "application/pdf")
    content = sign_in(alice).get(state["content_url"])
    assert b"".join(content.streaming_content) == PDF
    assert content.headers["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert content.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_neither_its_name_nor_its_header_says_what_it_is(sign_in, alice, group):
    html = b"<html><script>alert(1)</script></html>"

    state = bring(sign_in(alice), group, html, name="cat.png").json()

    assert (state["mime_type"], state["kind"], state["status"]) == ("text/plain", "document", "ready")
    assert sign_in(alice).get(state["content_url"]).headers["Content-Disposition"].startswith("attachment")


def test_a_picture_may_be_sent_as_it_is(sign_in, alice, group):
    state = brought(sign_in(alice), group, photograph(), kind="document")

    assert (state["kind"], state["status"], state["thumbnail_url"]) == ("document", "ready", None)
    content = sign_in(alice).get(state["content_url"])
    assert b"".join(content.streaming_content) == photograph()
    assert content.headers["Content-Disposition"].startswith("attachment")


def test_what_cannot_be_decoded_is_only_a_file(sign_in, alice, group):
    state = brought(sign_in(alice), group, picture("JPEG")[:300])

    assert (state["status"], state["thumbnail_url"]) == ("failed", None)
    assert sign_in(alice).get(state["content_url"]).headers["Content-Disposition"].startswith("attachment")


def test_the_same_bytes_are_stored_once_and_go_with_the_last_upload(sign_in, alice, bob, group):
    states = [bring(sign_in(user), group, PDF).json() for user in (alice, bob)]
    assert (Blob.objects.count(), len(stored())) == (1, 1)

    assert sign_in(alice).delete(f"/api/v1/media/{states[0]['id']}/").status_code == 204
    assert len(stored()) == 1
    assert sign_in(bob).delete(f"/api/v1/media/{states[1]['id']}/").status_code == 204
    assert (Blob.objects.count(), stored()) == (0, [])


def test_only_the_uploader_sees_an_unattached_upload(sign_in, alice, bob, carol, group):
    state = brought(sign_in(alice), group)

    for user in (bob, carol):
        for address in (f"/api/v1/media/{state['id']}/", state["content_url"], state["thumbnail_url"]):
            assert sign_in(user).get(address).status_code == 404
        assert sign_in(user).delete(f"/api/v1/media/{state['id']}/").status_code == 404
    assert sign_in(alice).get(state["content_url"]).status_code == 200


def test_strangers_bring_nothing(sign_in, carol, group):
    response = bring(sign_in(carol), group)

    assert (response.status_code, response.json()["code"], stored()) == (404, "not_found", [])


def test_who_may_not_write_brings_nothing(sign_in, alice, bob, group):
    conversations.edit_conversation(Membership.objects.of(alice, group.id), changes={"is_read_only": True})

    assert bring(sign_in(bob), group).json()["code"] == "read_only"
    assert bring(sign_in(alice), group).status_code == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"conversation_id": "nonsense"}, "conversation_id"),
        ({"kind": "nonsense"}, "kind"),
        ({"other": "is ignored", "conversation_id": ""}, "conversation_id"),
    ],
)
def test_a_bad_field_is_named(fields, field, sign_in, alice, group):
    response = bring(sign_in(alice), group, **fields)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


def test_a_file_is_needed(sign_in, alice, group):
    for form in ({"conversation_id": str(group.id)}, {"conversation_id": str(group.id), "file": "text"}):
        response = sign_in(alice).post("/api/v1/media/", form, format="multipart")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "file")
    assert bring(sign_in(alice), group, b"").json()["errors"][0]["field"] == "file"


def test_only_allowed_types_come_in(sign_in, alice, group, settings):
    settings.UPLOAD_TYPES = ["image/*", "application/pdf"]

    assert bring(sign_in(alice), group).status_code == 201
    assert bring(sign_in(alice), group, PDF).status_code == 201
    refused = bring(sign_in(alice), group, b"text", name="picture.png")
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")
    assert len(stored()) == 2


def test_each_kind_has_its_size(sign_in, alice, group, settings):
    settings.UPLOAD_MB_BY_KIND = {"document": 1}

    assert bring(sign_in(alice), group, b"x" * 1024**2).status_code == 201
    refused = bring(sign_in(alice), group, b"x" * (1024**2 + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert bring(sign_in(alice), group, b"\x00" * (1024**2 + 1)).status_code == 201
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []


def test_parallel_uploads_do_not_exceed_the_quota(sign_in, alice, group, settings):
    settings.UPLOAD_QUOTA_MB = 1
    contents = [bytes([0, n]) * (64 * 1024) for n in range(12)]  # eight of them fit, and not a byte more
    client = sign_in(alice)

    answers = at_once(12, lambda: bring(client, group, contents.pop()))

    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [201] * 8 + [413] * 4
    assert {answer.json()["code"] for answer in answers if answer.status_code == 413} == {"quota_exceeded"}
    assert sum(path.stat().st_size for path in stored()) <= 1024**2
    assert (len(stored()), Upload.objects.count()) == (8, 8)


def test_an_upload_that_is_gone_is_not_processed(sign_in, alice, group):
    state = bring(sign_in(alice), group).json()
    sign_in(alice).delete(f"/api/v1/media/{state['id']}/")

    process()

    assert (stored(), Upload.objects.count()) == ([], 0)


def test_discarding_an_unknown_upload(sign_in, alice):
    assert sign_in(alice).delete(f"/api/v1/media/{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.pdf", "plan.pdf"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\x00b\x1b.txt", "ab.txt"),
        ("ünïcode ☃.txt", "ünïcode ☃.txt"),
        ("x" * 300 + ".tar", "x" * 251 + ".tar"),
        ("...", "file"),
        (".htaccess", ".htaccess"),
    ],
)
def test_a_name_is_made_harmless(name, shown):
    assert safe_filename(name) == shown


def test_concurrent_uploads_of_the_same_bytes_are_one_blob(sign_in, alice, group):
    client = sign_in(alice)

    answers = at_once(8, lambda: bring(client, group, PDF))

    assert [answer.status_code for answer in answers] == [201] * 8
    assert (Blob.objects.count(), len(stored())) == (1, 1)
