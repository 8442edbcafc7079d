"""Whatever is uploaded as a picture gets a clear response, and others are still served."""

import pytest

from media.tests.avatars import FORM, MINE, files_of, folder_of, part, put, seen
from media.tests.files import hostile, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.plain]

CODES = {413: "too_large", 400: "invalid", 415: "unsupported_media_type"}


@pytest.mark.parametrize("what", hostile())
def test_a_file_that_is_no_honest_picture(what, sign_in, alice):
    content, status = hostile()[what]
    client = sign_in(alice)

    response = put(client, content)

    assert response.status_code == status, response.content
    if status in CODES:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == CODES[status]
        assert [one["field"] for one in response.json()["errors"]] == (["file"] if status == 400 else [])
        assert files_of(alice) == []
    assert put(client).status_code == 204
    assert seen(client, alice)


NAMES = [
    b"../../../../etc/passwd",
    b"..\\..\\me.png",
    b"/etc/passwd",
    b"a\x00b.png",
    b"a\x01\x1b[31m.png",
    b"me.png; x=\\r\\nSet-Cookie: a=b",
    b"\xff\xfe.png",
    b"\xe2\x80\xaegnp.exe",
    b"x" * 5000,
    b"..",
    b"",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_means_nothing(name, sign_in, alice):
    response = put(sign_in(alice), name=name)

    assert response.status_code in (204, 400), response.content
    assert all(path.parent == folder_of(alice) for path in folder_of(alice).glob("**/*"))
    assert put(sign_in(alice), name=b"me.html", kind=b"text/html").status_code == 204


FORMS = {
    "two files": (part(picture()) + part(picture()), 400),
    "a hundred thousand files": (part(b"") * 100_000, 400),
    "ten thousand fields": (b'--frame\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 10_000, 400),
    "a long field": (b'--frame\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 2_000_000, 413),
    "a field of that name": (b'--frame\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n', 400),
    "no headers": (b"--frame\r\n\r\nx\r\n", 400),
    "a long header": (b"--frame\r\nContent-Disposition: form-data; name=" + b"x" * 100_000 + b"\r\n\r\nx\r\n", 400),
    "broken base64": (part(b"***", name=b'x"\r\nContent-Transfer-Encoding: base64\r\nX: "'), 400),
    "another field too": (b'--frame\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' + part(picture()), 400),
}


@pytest.mark.parametrize("what", FORMS)
def test_a_strange_form(what, sign_in, alice):
    body, status = FORMS[what]

    response = sign_in(alice).put(MINE, body + b"--frame--\r\n", content_type=FORM)

    assert response.status_code == status, response.content
    assert put(sign_in(alice)).status_code == 204


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=other", "; boundary=" + "x" * 300])
def test_a_form_without_its_frame(boundary, sign_in, alice):
    response = sign_in(alice).put(MINE, part(picture()), content_type=f"multipart/form-data{boundary}")

    assert response.status_code in (400, 415)
