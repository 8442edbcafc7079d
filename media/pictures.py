"""Pictures, decoded and made anew so that nothing of the file survives but what one sees. Runs in the sandbox."""

import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401 (Pillow would load all its formats to find this one)

from media.job import Unfit
from media.limits import AVATAR_SIZES, MAX_PIXELS

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
QUALITY = 82

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow itself refuses only twice as many


def squares(file: BinaryIO) -> dict[str, Any]:
    """Write the middle of the picture, upright, as `<size>.webp` for each of `AVATAR_SIZES`. Returns `{width, height}`
    as the file states them.

    Raises `Unfit`: `unsupported`, `too_large`, or `corrupt`.
    """
    if not _is_picture(file):
        raise Unfit("unsupported")
    try:
        image = Image.open(file, formats=FORMATS)
        stated = {"width": image.width, "height": image.height}
        square = _square(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Unfit("too_large") from None
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise Unfit("corrupt") from error
    for size in AVATAR_SIZES:
        square.resize((size, size), Image.Resampling.LANCZOS).save(f"{size}.webp", quality=QUALITY)
    return stated


def _is_picture(file: BinaryIO) -> bool:
    head = file.read(12)
    file.seek(0)
    return head.startswith(BEGINNINGS) or (head[:4], head[8:]) == (b"RIFF", b"WEBP")


def _square(image: Image.Image) -> Image.Image:
    """The middle of the first frame, upright, in the largest of the sizes. What is not needed any more is let go at
    once: forty megapixels twice are all that fits into the sandbox."""
    largest = AVATAR_SIZES[0]
    image.draft(image.mode, (2 * largest, 2 * largest))  # JPEG: decodes no more than that
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    image = ImageOps.fit(image, (largest, largest), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(image)
