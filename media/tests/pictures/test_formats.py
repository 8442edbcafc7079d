"""Which formats are shown, which are refused, and what is cut off."""

from importlib import import_module

import pytest
from PIL import Image

from media.formats import FORMATS
from media.job import UnusableFile
from media.sniffing import PICTURES
from media.tests.avatars import is_like
from media.tests.files import BLUE, RED, encode, picture, two_halves
from media.tests.pictures.images import CORNERS, corners, four_corners, opened

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"text", "unsupported"),
        (picture("TGA"), "unsupported"),
        (two_halves("JPEG")[:600], "corrupt"),
        (two_halves()[:41], "corrupt"),
        (two_halves("WEBP")[:60], "corrupt"),
    ],
)
def test_other_files_are_refused(content, reason, made):
    with pytest.raises(UnusableFile) as unfit:
        made(content)

    assert unfit.value.reason == reason


SECRETS = {"exif": b"Exif\0\0MM\0*\0\0\0\x08Secret"}
UNSHOWN = {
    "PSD": "its layers would be lost",
    "EPS": "a program",
    "WMF": "a program",
    "MPEG": "no picture",
    "XBM": "text",
    "XPM": "text",
    "TGA": "does not begin with anything",
    "CUR": "of the size of a finger",
    "DIB": "a part of a BMP",
    "DCX": "many pictures",
    "FLI": "a film",
    **dict.fromkeys(("BUFR", "FITS", "GRIB", "HDF5", "MCIDAS", "SPIDER", "IM", "PIXAR"), "of science"),
    **dict.fromkeys(("FTEX", "GBR", "IMT", "IPTC", "MSP", "PCD", "XVTHUMB"), "of programs that are no more"),
}
"""What Pillow knows and nobody is shown, and why."""


def test_whatever_pillow_reads_is_shown_or_there_is_a_reason():
    Image.init()

    assert {one.name for one in FORMATS.values()} | set(UNSHOWN) == set(Image.OPEN) | {"HEIF"}
    assert set(FORMATS) == PICTURES


def heic():
    import_module("pillow_heif.HeifImagePlugin")
    return two_halves("HEIF", **SECRETS)


WRITABLE = ("AVIF", "TIFF", "BMP", "ICO", "JPEG2000", "PPM", "ICNS", "QOI", "DDS", "SGI", "PCX", "BLP")


@pytest.mark.parametrize("kind", ["HEIF", *WRITABLE])
def test_other_formats_become_one_that_every_browser_shows(kind, made):
    size = {"ICO": (256, 256), "ICNS": (1024, 1024)}.get(kind, (400, 400))
    secrets = SECRETS if kind in ("AVIF", "TIFF") else {}
    palette = {"BLP": "P"}.get(kind, "RGB")
    whole = heic() if kind == "HEIF" else encode(opened(two_halves(size=size)).convert(palette), kind, **secrets)

    answer, files = made(whole)

    content = opened(files["content"])
    assert f"image/{content.format.lower()}" == answer["mime_type"] in {"image/jpeg", "image/png"}
    assert content.size == (answer["width"], answer["height"]) == size
    for image in (content, opened(files["small"])):
        image = image.convert("RGB")
        assert is_like(image.getpixel((9, 9)), RED)
        assert is_like(image.getpixel((image.width - 9, 9)), BLUE)
    assert not any(b"Secret" in one for one in files.values())


@pytest.mark.parametrize(("kind", "share"), [("JPEG", 0.6), ("PNG", 0.6), ("GIF", 0.6), ("BMP", 0.6)])
def test_what_is_cut_off_is_shown_as_far_as_it_goes(kind, share, made):
    whole = encode(four_corners().effect_spread(9), kind)

    answer, files = made(whole[: int(len(whole) * share)])

    assert opened(files["content"]).size == (answer["width"], answer["height"]) == (400, 200)
    shown = corners(opened(files["content"]))
    assert any(is_like(one, colour) for one, colour in zip(shown, CORNERS, strict=True))


def test_pictures_that_would_lose_contents_are_not_reencoded(made):
    pages = encode(Image.new("L", (9, 9)), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9), 9)])

    with pytest.raises(UnusableFile):
        made(pages)
