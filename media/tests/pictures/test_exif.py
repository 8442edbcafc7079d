"""What stands in a picture besides the picture: it is turned as that says, and nothing of it is left."""

import pytest
from PIL import Image

from media.tests.avatars import is_like
from media.tests.files import case, encode, photograph, two_halves
from media.tests.pictures.images import CORNERS, corners, four_corners, opened

pytestmark = pytest.mark.plain
UNTURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How the camera was held, by what the EXIF says about it."""


def test_only_the_visible_picture_survives(made):
    photo = photograph() + b"Secret Page"
    assert photo.count(b"Secret") == 4

    answer, files = made(photo)

    assert (answer["width"], answer["height"]) == (480, 640)
    for content in files.values():
        assert not {"exif", "icc_profile", "xmp", "comment"} & opened(content).info.keys()
        assert not opened(content).getexif()
        assert b"Secret" not in content


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_nor_by_other_formats(kind, made):
    secret = {
        "PNG": {"exif": b"Exif\0\0MM\0*\0\0\0\x08Secret", "icc_profile": b"Secret"},
        "GIF": {"comment": b"Secret"},
        "WEBP": {"exif": b"Exif\0\0MM\0*\0\0\0\x08Secret", "xmp": b"Secret", "icc_profile": b"Secret"},
    }[kind]
    whole = two_halves(kind, **secret)
    assert {"exif", "icc_profile", "xmp", "comment"} & opened(whole).info.keys()

    _, files = made(whole + b"Secret")

    for content in files.values():
        assert b"Secret" not in content
        assert not {"exif", "icc_profile", "xmp", "comment"} & opened(content).info.keys()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_upright(kind, orientation, made):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = four_corners()
    if orientation > 1:
        image = image.transpose(UNTURNED[orientation])

    answer, files = made(encode(image, kind, exif=exif, quality=95))

    assert (answer["width"], answer["height"]) == (400, 200)
    for content in files.values():
        seen = opened(content)
        assert abs(seen.width / seen.height - 2) < 0.1
        assert all(map(is_like, corners(seen), CORNERS)), corners(seen)


def test_broken_exif_does_not_matter(made):
    assert made(two_halves("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 50))


def test_a_photo_of_a_phone_is_upright_and_has_no_location(made):
    for name in ("gps.heic", "gps_no_eoi.jpg"):
        answer, files = made(case(name))
        assert (answer["mime_type"], answer["width"], answer["height"]) == ("image/jpeg", 480, 640)
        assert not opened(files["content"]).getexif()
        assert not any(b"Example" in one for one in files.values())
