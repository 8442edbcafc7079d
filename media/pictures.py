"""Pictures are decoded and re-encoded, so that only what is visible survives. Runs in the sandbox."""

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
from media.job import UnusableFile
from media.limits import (
    AVATAR_SIZES,
    HALVED_PIXELS,
    MAX_ANIMATION_PIXELS,
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_PIXELS_BY_FORMAT,
    MAX_PIXELS_OF_OTHERS,
    MAX_SCANS,
    MEGABYTE,
)

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
QUALITY = 82
KEPT_QUALITY = 88
MOVING = ("GIF", "PNG", "WEBP", "AVIF")
LARGE = 4_000_000
"""Pixels beyond which saving a few percent in size is not worth seconds."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Transpositions by EXIF orientation. The first one is 0, so compare with None."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
warnings.simplefilter("error", Image.DecompressionBombWarning)  # by default Pillow refuses only twice as many


def squares(file: BinaryIO) -> dict[str, Any]:
    """Write the middle of the picture, upright, as `<size>.webp` for each of `AVATAR_SIZES`. Returns `{width, height}`
    as stated in the file.

    Raises `UnusableFile` (`unsupported`, `too_large` or `corrupt`).
    """
    kind = format_of(file)
    largest = 2 * AVATAR_SIZES[0]
    stated: dict[str, Any] = {}

    def prepare(image: Image.Image) -> None:
        stated.update(width=image.width, height=image.height)
        image.draft(image.mode, (largest, largest))  # a JPEG is decoded only that large

    with _raising_unusable():
        square = _square(loaded(file, kind, prepare))
    for size in AVATAR_SIZES:
        square.resize((size, size), Image.Resampling.LANCZOS).save(f"{size}.webp", quality=QUALITY)
    return stated


def picture(file: BinaryIO) -> dict[str, Any]:
    """Re-encode the picture, upright, and write its previews. The format stays the same if every browser supports it.
    Returns `{mime_type, width, height, content, small, large, placeholder}`: three file names and a data URL.
    Animations stay animated. A truncated picture is re-encoded as far as possible.

    Raises `UnusableFile` (`unsupported`, `too_large` or `corrupt`).
    """
    kind = format_of(file)
    if kind == "JPEG" and _scans(file) > MAX_SCANS:
        raise UnusableFile("corrupt")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS_BY_FORMAT.get(kind, MAX_PIXELS_OF_OTHERS)
    with _raising_unusable():
        image, kind = _reencode(loaded(file, kind, _halve), kind)  # nothing else keeps a reference to the open image
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
    """An upper bound of the number of scans in a JPEG. Each scan takes as long as a whole picture."""
    number = sum(block.count(b"\xff\xda") for block in iter(partial(file.read, MEGABYTE), b""))
    file.seek(0)
    return number


@contextmanager
def _raising_unusable() -> Iterator[None]:
    """Turn every error into an `UnusableFile`."""
    try:
        yield
    except UnusableFile:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise UnusableFile("too_large") from None
    except Exception as error:  # a broken file may raise anything in a decoder
        raise UnusableFile("corrupt") from error


def _square(image: Image.Image) -> Image.Image:
    """The middle of the first frame, upright, in the largest size. Intermediate images are released at once: the
    sandbox has memory for forty megapixels only twice."""
    largest = AVATAR_SIZES[0]
    turn = _orientation(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = previews.to_mode(image, mode)
    image = ImageOps.fit(image, (largest, largest), Image.Resampling.LANCZOS)
    return image if turn is None else image.transpose(turn)


def _reencode(image: Image.Image, kind: str) -> tuple[Image.Image, str]:
    """Re-encode the visible picture. Returns it, or its first frame, and its new format."""
    if kind in MOVING and getattr(
        image, "is_animated", False
    ):  # further images in a JPEG are previews and depth maps, not frames
        kind = kind if kind in EXTENSIONS else "WEBP"
        return _write_animation(image, kind), kind
    turn = _orientation(image)
    image = _without_metadata(image)
    if kind not in EXTENSIONS:
        image = _to_common_mode(image)
        kind = "JPEG" if image.mode in ("RGB", "L") else "PNG"
    if kind == "WEBP":
        image = image.copy()  # releases the decoder and its canvases
    if turn is not None:
        image = image.transpose(turn)
    image.save(_name(kind), kind, **_options(image, kind))
    return image, kind


def _to_common_mode(image: Image.Image) -> Image.Image:
    """The image in a mode that PNG or JPEG supports."""
    if image.mode in ("1", "L", "P", "RGB", "RGBA"):
        return image
    return previews.to_mode(image, "RGBA" if image.has_transparency_data else "RGB")


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # Pillow may raise anything for broken EXIF data; the picture may be intact
        return None


def _without_metadata(image: Image.Image) -> Image.Image:
    """The frame converted to sRGB, without any metadata."""
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


def _write_animation(animation: Image.Image, kind: str) -> Image.Image:
    """Write the animation and return its first frame."""
    frames = _Frames(animation, MAX_ANIMATION_PIXELS[kind])
    first = frames.first()
    options = {"loop": animation.info["loop"]} if "loop" in animation.info else {}
    if kind == "PNG":
        options["compress_level"] = 1
    if kind == "GIF" and first.has_transparency_data:
        options["disposal"] = 2  # frames are complete: transparent pixels must not show the previous frame
    first.save(_name(kind), kind, save_all=True, append_images=frames, duration=frames.durations, **options)
    return first


class _Frames:
    """All frames except the first. Can be iterated repeatedly: Pillow does so twice for a PNG. GIF frames are released
    one by one."""

    def __init__(self, animation: Image.Image, max_pixels: int) -> None:
        self.animation, self.max_pixels = animation, max_pixels
        self.turn = _orientation(animation)
        self.start = int(
            getattr(animation, "default_image", False)
        )  # an APNG may begin with a static picture for old viewers
        self.durations: list[float] = []
        """Milliseconds of the frames so far: Pillow reads each one after it got the frame."""

    def first(self) -> Image.Image:
        self.animation.seek(self.start)
        return self._frame(0)

    def __iter__(self) -> Iterator[Image.Image]:
        pixels = 0
        for number in range(1, MAX_FRAMES + 1):
            try:
                self.animation.seek(self.start + number)
                self.animation.load()
            except MemoryError:
                raise
            except Exception:  # the last frame, or the file is truncated or broken here
                return
            pixels += self.animation.width * self.animation.height
            if number == MAX_FRAMES or pixels > self.max_pixels:
                raise UnusableFile("too_large")
            yield self._frame(number)

    def _frame(self, number: int) -> Image.Image:
        frame = self.animation.copy()
        self.durations[number:] = [frame.info.get("duration", 0)]
        frame = _without_metadata(frame)
        return frame if self.turn is None else frame.transpose(self.turn)
