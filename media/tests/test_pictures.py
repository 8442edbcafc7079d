"""What becomes of a picture that somebody sends."""

import base64
import io
from functools import partial
from importlib import import_module

import pytest
from PIL import Image, ImageCms

from media import sandbox
from media.formats import FORMATS
from media.job import Unfit
from media.limits import MAX_FRAMES
from media.sniffing import PICTURES
from media.tests.avatars import is_like
from media.tests.files import BLUE, RED, animation, case, encode, photograph, picture, two_halves

pytestmark = pytest.mark.plain

CORNERS = [(220, 20, 20), (20, 220, 20), (20, 20, 220), (220, 220, 20)]
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


@pytest.fixture
def made(looked_at):
    """What the job answers, and the files that it wrote."""
    return partial(looked_at, "media.pictures:picture", sandbox.PICTURE)


def opened(content):
    return Image.open(io.BytesIO(content))


def corners(image):
    width, height = image.size
    image = image.convert("RGB")
    places = [(2, 2), (width - 3, 2), (width - 3, height - 3), (2, height - 3)]
    return [image.getpixel(place) for place in places]


def four_corners(size=(400, 200)):
    image = Image.new("RGB", size)
    middle, below = size[0] // 2, size[1] // 2
    for colour, place in zip(CORNERS, [(0, 0), (middle, 0), (middle, below), (0, below)], strict=True):
        image.paste(colour, (*place, place[0] + middle, place[1] + below))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_it_is_made_anew_in_its_own_format_and_gets_previews(kind, made):
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


def test_nothing_is_told_but_what_one_sees(made):
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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_what_moves_goes_on_moving(kind, made):
    frames = [Image.new("RGB", (40, 40), (n * 40, 0, 255 - n * 40)) for n in range(6)]
    durations = [100, 200, 300, 40, 50, 60]
    moving = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=durations, loop=3)

    _, files = made(moving)

    content, shown = opened(files["content"]), []
    for number in range(content.n_frames):
        content.seek(number)
        content.load()
        shown.append((round(content.info["duration"]), content.convert("RGB").getpixel((20, 20))))
    assert [duration for duration, _ in shown] == durations
    assert all(is_like(pixel, (n * 40, 0, 255 - n * 40)) for n, (_, pixel) in enumerate(shown)), shown
    assert content.info["loop"] == 3
    assert is_like(opened(files["large"]).getpixel((20, 20)), (0, 0, 255))


def test_what_moves_and_is_transparent_does_not_smear(made):
    frames = []
    for number in range(4):
        frames.append(Image.new("RGBA", (40, 40)))
        frames[-1].paste((*RED, 255), (number * 10, 0, number * 10 + 10, 40))

    _, files = made(encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2))

    content = opened(files["content"])
    for number in range(4):
        content.seek(number)
        alphas = [content.convert("RGBA").getpixel((x, 20))[3] for x in (5, 15, 25, 35)]
        assert alphas == [255 * (x == number) for x in range(4)]


def test_moving_too_much_is_too_large(made):
    with pytest.raises(Unfit) as unfit:
        made(animation("GIF", MAX_FRAMES + 1))

    assert unfit.value.reason == "too_large"


def test_a_picture_for_old_viewers_is_not_part_of_what_moves(made):
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    still = Image.new("RGB", (40, 40), (20, 220, 20))

    _, files = made(encode(still, "PNG", save_all=True, default_image=True, append_images=frames, duration=80))

    assert opened(files["content"]).n_frames == 2
    assert is_like(opened(files["small"]).getpixel((5, 5)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_looks_the_same_afterwards(mode, made):
    image = Image.new("L", (64, 64), 200)
    image.paste(0, (0, 0, 32, 64))
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 256).convert("I;16")

    _, files = made(encode(image.convert(mode), "PNG"))

    for content in (files["small"], files["large"]):
        seen = opened(content).convert("RGB")
        assert is_like(seen.getpixel((5, 5)), (0, 0, 0))
        assert is_like(seen.getpixel((60, 5)), (255, 255, 255) if mode == "1" else (200, 200, 200))
    assert opened(files["content"]).mode == mode


@pytest.mark.parametrize("mode", ["P", "RGBA", "RGB", "L"])
def test_what_is_transparent_stays_so(mode, made):
    image, options = Image.new("RGBA", (50, 50), (*RED, 255)), {}
    image.paste((0, 0, 0, 0), (0, 0, 25, 50))
    if mode == "P":
        image = image.quantize(4)
    elif mode != "RGBA":
        image, options = image.convert(mode), {"transparency": 0 if mode == "L" else (0, 0, 0)}

    _, files = made(encode(image, "PNG", **options))

    for content in files.values():
        seen = opened(content).convert("RGBA")
        assert (seen.getpixel((3, 3))[3], seen.getpixel((45, 3))[3]) == (0, 255)


@pytest.mark.parametrize("profile", [None, b"no profile"])
def test_cmyk_comes_out_right(profile, made):
    image = Image.new("CMYK", (60, 60), (0, 230, 230, 20))

    _, files = made(encode(image, "JPEG", quality=95, icc_profile=profile))

    assert opened(files["content"]).mode == "RGB"
    for content in files.values():
        assert is_like(opened(content).getpixel((30, 30)), (235, 25, 25))


def test_other_colours_become_those_of_any_screen(made):
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = screen.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")

    _, files = made(encode(Image.new("RGB", (60, 60), RED), "PNG", icc_profile=swapped))

    for content in files.values():
        pixel = opened(content).getpixel((30, 30))
        assert pixel[2] > 150 > pixel[0]


def test_of_the_pictures_in_one_jpeg_the_first_counts(made):
    main, depth = Image.new("RGB", (80, 60), RED), Image.new("RGB", (80, 60), BLUE)
    main.save(file := io.BytesIO(), "MPO", save_all=True, append_images=[depth])

    answer, files = made(file.getvalue())

    assert answer["mime_type"] == "image/jpeg"
    assert getattr(opened(files["content"]), "n_frames", 1) == 1
    assert is_like(opened(files["content"]).getpixel((5, 5)), RED)
    assert len(files["content"]) < 2000


def test_a_photograph_of_fifty_megapixels_is_halved(made):
    answer, files = made(encode(Image.new("L", (8000, 6250), 128), "JPEG"))

    assert (answer["width"], answer["height"]) == opened(files["content"]).size == (4000, 3125)


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
def test_what_is_no_picture_is_refused(content, reason, made):
    with pytest.raises(Unfit) as unfit:
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


def test_a_photo_of_a_telephone_stands_upright_and_tells_no_place(made):
    for name in ("gps.heic", "gps_no_eoi.jpg"):
        answer, files = made(case(name))
        assert (answer["mime_type"], answer["width"], answer["height"]) == ("image/jpeg", 480, 640)
        assert not opened(files["content"]).getexif()
        assert not any(b"Example" in one for one in files.values())


@pytest.mark.parametrize(("kind", "share"), [("JPEG", 0.6), ("PNG", 0.6), ("GIF", 0.6), ("BMP", 0.6)])
def test_what_is_cut_off_is_shown_as_far_as_it_goes(kind, share, made):
    whole = encode(four_corners().effect_spread(9), kind)

    answer, files = made(whole[: int(len(whole) * share)])

    assert opened(files["content"]).size == (answer["width"], answer["height"]) == (400, 200)
    shown = corners(opened(files["content"]))
    assert any(is_like(one, colour) for one, colour in zip(shown, CORNERS, strict=True))


def test_a_film_that_is_cut_off_moves_as_far_as_it_goes(made):
    _, files = made(animation("GIF", 50)[:-100])

    assert 1 < opened(files["content"]).n_frames < 50


def test_a_moving_avif_goes_on_moving(made):
    answer, files = made(animation("AVIF", 5))

    assert answer["mime_type"] == "image/webp"
    assert opened(files["content"]).n_frames > 1


def test_what_would_be_lost_is_not_made_anew(made):
    pages = encode(Image.new("L", (9, 9)), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9), 9)])

    with pytest.raises(Unfit):
        made(pages)


@pytest.mark.parametrize(("size", "seen"), [((720, 20_000), (107, 320)), ((20_000, 500), (320, 107))])
def test_of_a_long_picture_the_beginning_is_shown(size, seen, made):
    image = Image.new("RGB", size)
    image.paste(RED, (0, 0, min(size[0], 700), min(size[1], 700)))

    answer, files = made(encode(image, "PNG"))

    assert (answer["width"], answer["height"]) == opened(files["content"]).size == size
    small = opened(files["small"])
    assert small.size == seen
    assert is_like(small.getpixel((20, 20)), RED)
