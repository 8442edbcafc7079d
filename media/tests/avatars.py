"""Uploading avatars and reading the result."""

import io
from pathlib import Path

from django.conf import settings
from PIL import Image

from media.tests.files import picture

MINE = "/api/v1/users/me/avatar/"
FORM = "multipart/form-data; boundary=frame"


def part(content, *, field="file", name=b"me.png", kind=b"image/png"):
    """One part of a form, as bytes: nothing is made polite."""
    head = b'--frame\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n' % (field.encode(), name)
    return head + b"Content-Type: %b\r\n\r\n" % kind + content + b"\r\n"


def put(client, content=None, **how):
    """Upload a picture of oneself."""
    form = part(picture() if content is None else content, **how) + b"--frame--\r\n"
    return client.put(MINE, form, content_type=FORM)


def address(user):
    return f"/api/v1/users/{user.id}/avatar/"


def seen(client, user, **query):
    """The picture as Pillow opens it."""
    response = client.get(address(user), query)
    assert response.status_code == 200, response.content
    return Image.open(io.BytesIO(response.content))


def folder_of(user) -> Path:
    return settings.STORAGES["default"]["OPTIONS"]["location"] / "avatars" / user.id.hex


def files_of(user):
    """The names of the files that are kept for a person."""
    return sorted(path.name for path in folder_of(user).glob("*"))


def is_like(pixel, colour):
    """Whether a pixel has about this colour."""
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=False))
