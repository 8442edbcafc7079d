"""Pictures, decoded and made anew so that nothing of the file survives but what one sees. Runs in the sandbox."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from PIL import GifImagePlugin, Image, ImageCms, ImageOps, WebPImagePlugin  # noqa: F401 (Pillow would load all formats)

from media import previews
from media.job import Unfit
from media.limits import (
    AVATAR_SIZES,
    HALVED_PIXELS,
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_SCANS,
    MEGABYTE,
    MOST_PIXELS,
    MOVING_PIXELS,
)

BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
QUALITY = 82
KEPT_QUALITY = 88
LARGE = 4_000_000
"""Pixels beyond which a few percent in size are not worth seconds."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What the orientation of EXIF asks for. The first of them is 0: ask whether it is None."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow itself refuses only twice as many


def squares(file: BinaryIO) -> dict[str, Any]:
    """Write the middle of the picture, upright, as `<size>.webp` for each of `AVATAR_SIZES`. Returns `{width, height}`
    as the file states them.

    Raises `Unfit`: `unsupported`, `too_large`, or `corrupt`.
    """
    kind = _kind(file)
    with _told():
        image = Image.open(file, formats=[kind])
        stated = {"width": image.width, "height": image.height}
        square = _square(image)
    for size in AVATAR_SIZES:
        square.resize((size, size), Image.Resampling.LANCZOS).save(f"{size}.webp", quality=QUALITY)
    return stated


def picture(file: BinaryIO) -> dict[str, Any]:
    """Write the picture anew, upright and in its own format, and its previews. Returns `{mime_type, width, height,
    content, small, large, placeholder}`: three names of files, and a data URL. What moves goes on moving.

    Raises `Unfit`: `unsupported`, `too_large`, or `corrupt`.
    """
    kind = _kind(file)
    if kind == "JPEG" and _scans(file) > MAX_SCANS:
        raise Unfit("corrupt")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS[kind]
    name = f"content.{EXTENSIONS[kind]}"
    with _told():
        image = _anew(Image.open(file, formats=[kind]), kind, name)  # nobody else holds on to what is open
        return {
            "mime_type": f"image/{kind.lower()}",
            "width": image.width,
            "height": image.height,
            "content": name,
            **previews.write(image),
        }


def _kind(file: BinaryIO) -> str:
    head = file.read(12)
    file.seek(0)
    if (head[:4], head[8:]) == (b"RIFF", b"WEBP"):
        return "WEBP"
    for beginning, kind in BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    raise Unfit("unsupported")


def _scans(file: BinaryIO) -> int:
    """How often a JPEG goes over all its pixels, or more. Each time takes as long as a whole picture."""
    number = sum(block.count(b"\xff\xda") for block in iter(partial(file.read, MEGABYTE), b""))
    file.seek(0)
    return number


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong within, in a word."""
    try:
        yield
    except Unfit:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Unfit("too_large") from None
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise Unfit("corrupt") from error


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


def _anew(image: Image.Image, kind: str, name: str) -> Image.Image:
    """Write what one sees, and return it, or the first frame."""
    if kind != "JPEG" and getattr(image, "is_animated", False):  # more in a JPEG are previews and depths, not frames
        return _move(image, kind, name)
    if kind == "JPEG" and image.width * image.height > HALVED_PIXELS:
        image.draft(image.mode, (image.width // 2, image.height // 2))
    turn = _turn(image)
    image = _bare(image)
    if kind == "WEBP":
        image = image.copy()  # without the decoder, which would keep its canvases
    if turn is not None:
        image = image.transpose(turn)
    image.save(name, kind, **_options(image, kind))
    return image


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # what a broken EXIF makes Pillow stumble over; the picture may be whole
        return None


def _bare(image: Image.Image) -> Image.Image:
    """The frame in the colours that one sees on any screen, and nothing more."""
    image.load()
    profile = image.info.get("icc_profile")
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    if image.mode != "CMYK" and not (isinstance(profile, bytes) and image.mode not in ("1", "L", "LA", "I;16")):
        return image
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == "P":
        image = image.convert(mode)
    try:
        source, screen = ImageCms.ImageCmsProfile(io.BytesIO(profile or b"")), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, source, screen, outputMode=mode, inPlace=image.mode == mode) or image
    except (ImageCms.PyCMSError, OSError):
        image = image.convert(mode)
    image.info = {}
    return image


def _options(image: Image.Image, kind: str) -> dict[str, Any]:
    is_large = image.width * image.height > LARGE
    match kind:
        case "PNG":
            return {"compress_level": 1 if is_large else 6}
        case "WEBP":
            return {"quality": KEPT_QUALITY, "method": 1 if is_large else 4}
        case "JPEG":
            return {"quality": KEPT_QUALITY}
    return {}


def _move(film: Image.Image, kind: str, name: str) -> Image.Image:
    """Write what moves, and return the first frame."""
    frames = _Frames(film, MOVING_PIXELS[kind])
    first = frames.first()
    options = {"loop": film.info["loop"]} if "loop" in film.info else {}
    if kind == "PNG":
        options["compress_level"] = 1
    if kind == "GIF" and first.has_transparency_data:
        options["disposal"] = 2  # frames are whole; what is transparent in one must not show the one before
    first.save(name, kind, save_all=True, append_images=frames, duration=frames.durations, **options)
    return first


class _Frames:
    """All frames but the first, as often as one asks: Pillow does so twice for a PNG, and lets go of each of a GIF."""

    def __init__(self, film: Image.Image, most_pixels: int) -> None:
        self.film, self.most_pixels = film, most_pixels
        self.turn = _turn(film)
        self.start = int(getattr(film, "default_image", False))  # an APNG may begin with a picture for old viewers
        self.durations: list[float] = []
        """Milliseconds of the frames so far: Pillow looks one up after it got the frame."""

    def first(self) -> Image.Image:
        self.film.seek(self.start)
        return self._frame(0)

    def __iter__(self) -> Iterator[Image.Image]:
        pixels = 0
        for number in range(1, MAX_FRAMES + 1):
            try:
                self.film.seek(self.start + number)
            except EOFError:
                return
            pixels += self.film.width * self.film.height
            if number == MAX_FRAMES or pixels > self.most_pixels:
                raise Unfit("too_large")
            yield self._frame(number)

    def _frame(self, number: int) -> Image.Image:
        frame = self.film.copy()
        self.durations[number:] = [frame.info.get("duration", 0)]
        frame = _bare(frame)
        return frame if self.turn is None else frame.transpose(self.turn)
