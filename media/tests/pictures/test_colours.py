"""Pictures of every mode, transparent ones and those with a profile look the same afterwards."""

import pytest
from PIL import Image, ImageCms

from media.tests.avatars import is_like
from media.tests.files import RED, encode
from media.tests.pictures.images import opened

pytestmark = pytest.mark.plain


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
