"""Opening pictures with the decoder that fits their first bytes. Runs in the sandbox."""

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageFile

from media.job import UnusableFile
from media.signatures import HEAD, match_signature


class Format(NamedTuple):
    """A decoder of Pillow and its module. It is imported on its own, because Pillow would load all of its formats."""

    name: str
    plugin: str


FORMATS = {
    "image/png": Format("PNG", "PIL.PngImagePlugin"),
    "image/jpeg": Format("JPEG", "PIL.JpegImagePlugin"),
    "image/gif": Format("GIF", "PIL.GifImagePlugin"),
    "image/webp": Format("WEBP", "PIL.WebPImagePlugin"),
    "image/heic": Format("HEIF", "pillow_heif.HeifImagePlugin"),
    "image/avif": Format("AVIF", "PIL.AvifImagePlugin"),
    "image/tiff": Format("TIFF", "PIL.TiffImagePlugin"),
    "image/bmp": Format("BMP", "PIL.BmpImagePlugin"),
    "image/x-icon": Format("ICO", "PIL.IcoImagePlugin"),
    "image/jp2": Format("JPEG2000", "PIL.Jpeg2KImagePlugin"),
    "image/x-portable-anymap": Format("PPM", "PIL.PpmImagePlugin"),
    "image/icns": Format("ICNS", "PIL.IcnsImagePlugin"),
    "image/qoi": Format("QOI", "PIL.QoiImagePlugin"),
    "image/vnd-ms.dds": Format("DDS", "PIL.DdsImagePlugin"),
    "image/x-sgi": Format("SGI", "PIL.SgiImagePlugin"),
    "image/vnd.zbrush.pcx": Format("PCX", "PIL.PcxImagePlugin"),
    "image/x-sun-raster": Format("SUN", "PIL.SunImagePlugin"),
    "image/x-blp": Format("BLP", "PIL.BlpImagePlugin"),
}
"""Formats by media type."""
THREADS = {"HEIF": ("pillow_heif.options", "DECODE_THREADS"), "AVIF": ("PIL.AvifImagePlugin", "DEFAULT_MAX_THREADS")}
"""Where the number of a decoder's threads is set: each thread reserves memory that counts towards the limit."""
UNDECODED = 128
"""The grey level of missing pixels in a JPEG. In other formats they are 0."""
SUB_IFDS, DNG_VERSION = 330, 50706
"""Tags of a TIFF with a camera's raw data, of which only a small preview could be shown."""


def format_of(file: BinaryIO) -> str:
    """The name of the format. Raises `UnusableFile` (`unsupported`)."""
    found = FORMATS.get(match_signature(file.read(HEAD)))
    file.seek(0)
    if found is None:
        raise UnusableFile("unsupported")
    import_module(found.plugin)
    if found.name in THREADS:
        module, option = THREADS[found.name]
        setattr(import_module(module), option, 1)
    return found.name


def loaded(file: BinaryIO, kind: str, prepare: Callable[[Image.Image], object]) -> Image.Image:
    """Decode the picture, as far as possible; `prepare` is called with it first.

    Raises `UnusableFile` (`corrupt`) if nothing is visible, or if it has contents that would be lost.
    """
    image = Image.open(file, formats=[kind])
    _refuse_what_would_be_lost(image)
    prepare(image)
    try:
        image.load()
    except Image.DecompressionBombError:
        raise
    except Exception:  # a broken file may raise anything
        del image
        return _load_truncated(file, kind, prepare)
    return image


def _load_truncated(file: BinaryIO, kind: str, prepare: Callable[[Image.Image], object]) -> Image.Image:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    file.seek(0)
    image = Image.open(file, formats=[kind])
    prepare(image)
    image.load()
    if _is_blank(image):
        raise UnusableFile("corrupt")
    return image


def _is_blank(image: Image.Image) -> bool:
    """Whether nothing was decoded: all pixels have their initial value."""
    extremes = image.getextrema()
    pairs = extremes if isinstance(extremes[0], tuple) else (extremes,)
    return set(pairs) in ({(0, 0)}, {(UNDECODED, UNDECODED)})  # type: ignore[comparison-overlap]


def _refuse_what_would_be_lost(image: Image.Image) -> None:
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if getattr(image, "n_frames", 1) > 1 or SUB_IFDS in tags or DNG_VERSION in tags:
            raise UnusableFile("corrupt")
