"""Pictures of any shape get previews and a placeholder."""

import base64

import pytest
from PIL import Image

from media.tests.avatars import is_like
from media.tests.files import BLUE, RED, encode, picture, two_halves
from media.tests.pictures.images import opened

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_reencoded_in_its_format_and_gets_previews(kind, made):
    answer, files = made(two_halves(kind, (2000, 1000)))

    assert (answer["mime_type"], answer["width"], answer["height"]) == (f"image/{kind.lower()}", 2000, 1000)
    content = opened(files["content"])
    assert (content.format, content.size) == (kind, (2000, 1000))
    for name, size in (("small", (320, 160)), ("large", (1280, 640))):
        preview = opened(files[name])
        assert (preview.format, preview.size) == ("WEBP", size)
        assert is_like(preview.getpixel((5, 5)), RED)
        assert is_like(preview.getpixel((size[0] - 5, 5)), BLUE)


def test_the_placeholder_is_a_tiny_picture(made):
    answer, _ = made(two_halves("JPEG", (800, 400)))

    head, _, body = answer["placeholder"].partition(",")
    assert (head, len(answer["placeholder"]) <= 300) == ("data:image/webp;base64", True)
    assert opened(base64.b64decode(body)).size == (16, 8)


def test_small_ones_are_not_enlarged(made):
    answer, files = made(picture("PNG", (100, 7)))

    assert [opened(files[name]).size for name in files] == [(100, 7)] * 3
    assert len(answer["placeholder"]) <= 300


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (7000, 30)])
def test_any_shape_is_fine(size, made):
    answer, files = made(picture("PNG", size))

    assert (answer["width"], answer["height"]) == opened(files["content"]).size == size
    assert max(opened(files["large"]).size) <= 1280


def test_a_photograph_of_fifty_megapixels_is_halved(made):
    answer, files = made(encode(Image.new("L", (8000, 6250), 128), "JPEG"))

    assert (answer["width"], answer["height"]) == opened(files["content"]).size == (4000, 3125)


@pytest.mark.parametrize(("size", "seen"), [((720, 20_000), (107, 320)), ((20_000, 500), (320, 107))])
def test_of_a_long_picture_the_beginning_is_shown(size, seen, made):
    image = Image.new("RGB", size)
    image.paste(RED, (0, 0, min(size[0], 700), min(size[1], 700)))

    answer, files = made(encode(image, "PNG"))

    assert (answer["width"], answer["height"]) == opened(files["content"]).size == size
    small = opened(files["small"])
    assert small.size == seen
    assert is_like(small.getpixel((20, 20)), RED)
