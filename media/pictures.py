"""Pictures, decoded and made anew so that nothing of the file survives but what one sees. Runs in the sandbox."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from PIL import (  # Pillow would load all formats to find those that are written
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from media import previews
from media.formats import format_of, loaded
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
    OTHER_PIXELS,
)

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
QUALITY = 82
KEPT_QUALITY = 88
MOVING = ("GIF", "PNG", "WEBP", "AVIF")
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
    kind = format_of(file)
    largest = 2 * AVATAR_SIZES[0]
    stated: dict[str, Any] = {}

    def prepare(image: Image.Image) -> None:
        stated.update(width=image.width, height=image.height)
        image.draft(image.mode, (largest, largest))  # JPEG: decodes no more than that

    with _told():
        square = _square(loaded(file, kind, prepare))
    for size in AVATAR_SIZES:
        square.resize((size, size), Image.Resampling.LANCZOS).save(f"{size}.webp", quality=QUALITY)
    return stated


def picture(file: BinaryIO) -> dict[str, Any]:
    """Write the picture anew, upright, and its previews; in its own format if every browser knows that. Returns
    `{mime_type, width, height, content, small, large, placeholder}`: three names of files, and a data URL. What moves
    goes on moving. What is cut off is made anew as far as it goes.

    Raises `Unfit`: `unsupported`, `too_large`, or `corrupt`.
    """
    kind = format_of(file)
    if kind == "JPEG" and _scans(file) > MAX_SCANS:
        raise Unfit("corrupt")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS.get(kind, OTHER_PIXELS)
    with _told():
        image, kind = _anew(loaded(file, kind, _halve), kind)  # nobody else holds on to what is open
        return {
            "mime_type": f"image/{kind.lower()}",
            "width": image.width,
            "height": image.height,
            "content": _name(kind),
            **previews.write(image),
        }


def _name(kind: str) -> str:
    return f"content.{EXTENSIONS[kind]}"


def _halve(image: Image.Image) -> None:
    if image.format == "JPEG" and image.width * image.height > HALVED_PIXELS:
        image.draft(image.mode, (image.width // 2, image.height // 2))


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
    turn = _turn(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = previews.coloured(image, mode)
    image = ImageOps.fit(image, (largest, largest), Image.Resampling.LANCZOS)
    return image if turn is None else image.transpose(turn)


def _anew(image: Image.Image, kind: str) -> tuple[Image.Image, str]:
    """Write what one sees, and return it, or the first frame; and the format that it has now."""
    if kind in MOVING and getattr(image, "is_animated", False):  # more in a JPEG are previews and depths, not frames
        kind = kind if kind in EXTENSIONS else "WEBP"
        return _move(image, kind), kind
    turn = _turn(image)
    image = _bare(image)
    if kind not in EXTENSIONS:
        image = _common(image)
        kind = "JPEG" if image.mode in ("RGB", "L") else "PNG"
    if kind == "WEBP":
        image = image.copy()  # without the decoder, which would keep its canvases
    if turn is not None:
        image = image.transpose(turn)
    image.save(_name(kind), kind, **_options(image, kind))
    return image, kind


def _common(image: Image.Image) -> Image.Image:
    """In colours that a PNG or a JPEG can have."""
    if image.mode in ("1", "L", "P", "RGB", "RGBA"):
        return image
    return previews.coloured(image, "RGBA" if image.has_transparency_data else "RGB")


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


def _move(film: Image.Image, kind: str) -> Image.Image:
    """Write what moves, and return the first frame."""
    frames = _Frames(film, MOVING_PIXELS[kind])
    first = frames.first()
    options = {"loop": film.info["loop"]} if "loop" in film.info else {}
    if kind == "PNG":
        options["compress_level"] = 1
    if kind == "GIF" and first.has_transparency_data:
        options["disposal"] = 2  # frames are whole; what is transparent in one must not show the one before
    first.save(_name(kind), kind, save_all=True, append_images=frames, duration=frames.durations, **options)
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
                self.film.load()
            except MemoryError:
                raise
            except Exception:  # that was the last one, or it is cut off or broken here
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
