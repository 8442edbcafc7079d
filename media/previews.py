"""What is shown of a picture or a film before one opens it. Runs in the sandbox."""

import io
from base64 import b64encode

from PIL import Image, WebPImagePlugin  # noqa: F401 (Pillow would load all its formats to find this one)

from media.limits import PLACEHOLDER_SIZE, THUMBNAIL_SIZES

QUALITY = 80
LONGEST = 3
"""How many times as long as wide, or as wide as high, a preview is at most."""
STRIP = 256
"""Lines of the preview that are made at once."""


def write(image: Image.Image) -> dict[str, str]:
    """Write `small.webp` and `large.webp`, never larger than the image; of a long or flat one, its beginning. Returns
    their names, and a `placeholder`: a data URL of some 200 characters that holds the image in a few pixels."""
    image = _reduced(image, 2 * max(THUMBNAIL_SIZES.values()))
    for name, longest in sorted(THUMBNAIL_SIZES.items(), key=lambda size: -size[1]):
        image = fitted(image, longest)
        image.save(f"{name}.webp", quality=QUALITY)
    return {**{name: f"{name}.webp" for name in THUMBNAIL_SIZES}, "placeholder": _placeholder(image)}


def fitted(image: Image.Image, longest: int) -> Image.Image:
    """The image with a longest side of at most so many pixels."""
    scale = min(1, longest / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """What is shown of the image as RGB or RGBA, its longest side still at least so many pixels if it was. Strip by
    strip: Pillow copies what has an alpha channel or a palette before it scales it, and forty megapixels fit here
    once."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    width, height = _beginning(image.size)
    factor = max(1, max(width, height) // longest)
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, small.height, STRIP):
        strip = image.crop((0, top * factor, width, min(height, (top + STRIP) * factor)))
        small.paste(coloured(strip, mode).reduce(factor), (0, top))
    return small


def _beginning(size: tuple[int, int]) -> tuple[int, int]:
    """Of what is longer than anybody could see at this size, the part at its top left."""
    longest = max(LONGEST * min(size), min(THUMBNAIL_SIZES.values()))
    return min(size[0], longest), min(size[1], longest)


def coloured(image: Image.Image, mode: str) -> Image.Image:
    """The image as RGB or RGBA."""
    if image.mode.startswith("I;16"):  # Pillow would cut off what is brighter than 255
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert(mode)


def _placeholder(image: Image.Image) -> str:
    fitted(image, PLACEHOLDER_SIZE).save(file := io.BytesIO(), "WEBP", quality=20, alpha_quality=20)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"
