"""Thumbnails and placeholders of pictures and videos. Runs in the sandbox."""

import io
from base64 import b64encode

from PIL import Image, WebPImagePlugin  # noqa: F401 (Pillow would load all its formats to find this one)

from media.limits import PLACEHOLDER_SIZE, THUMBNAIL_SIZES

QUALITY = 80
LONGEST = 3
"""The largest aspect ratio of a preview, in either direction."""
STRIP = 256
"""Lines of the preview that are made at a time."""


def write(image: Image.Image) -> dict[str, str]:
    """Write `small.webp` and `large.webp`, never larger than the image; of a very long or flat image, only its
    beginning. Returns their names, and a `placeholder`: the image in a few pixels, as a data URL of about 200
    characters."""
    image = _reduced(image, 2 * max(THUMBNAIL_SIZES.values()))
    for name, longest in sorted(THUMBNAIL_SIZES.items(), key=lambda size: -size[1]):
        image = fitted(image, longest)
        image.save(f"{name}.webp", quality=QUALITY)
    return {**{name: f"{name}.webp" for name in THUMBNAIL_SIZES}, "placeholder": _placeholder(image)}


def fitted(image: Image.Image, longest: int) -> Image.Image:
    """The image scaled down so that its longest side has at most `longest` pixels."""
    scale = min(1, longest / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """The visible part of the image as RGB or RGBA, reduced, but with a longest side of still at least `longest`
    pixels. It is done strip by strip, because Pillow copies an image with an alpha channel or palette before it scales
    it, and memory holds forty megapixels only once."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    width, height = _visible_size(image.size)
    factor = max(1, max(width, height) // longest)
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, small.height, STRIP):
        strip = image.crop((0, top * factor, width, min(height, (top + STRIP) * factor)))
        small.paste(to_mode(strip, mode).reduce(factor), (0, top))
    return small


def _visible_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size of the part at the top left that is shown: an image beyond `LONGEST` is cut off."""
    longest = max(LONGEST * min(size), min(THUMBNAIL_SIZES.values()))
    return min(size[0], longest), min(size[1], longest)


def to_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image as RGB or RGBA."""
    if image.mode.startswith("I;16"):  # Pillow would clip values above 255
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert(mode)


def _placeholder(image: Image.Image) -> str:
    fitted(image, PLACEHOLDER_SIZE).save(file := io.BytesIO(), "WEBP", quality=20, alpha_quality=20)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"
