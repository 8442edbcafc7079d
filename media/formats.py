"""Opening pictures, each with the one decoder that its first bytes call for. Runs in the sandbox."""

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageFile

from media.job import Unfit
from media.signatures import HEAD, known


class Format(NamedTuple):
    """A decoder of Pillow's, and the module that brings it: Pillow would load all of its formats to find one."""

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
"""By media type."""
THREADS = {"HEIF": ("pillow_heif.options", "DECODE_THREADS"), "AVIF": ("PIL.AvifImagePlugin", "DEFAULT_MAX_THREADS")}
"""Where decoders are told to work alone: each thread of theirs reserves memory that counts."""
UNDECODED = 128
"""The grey of a JPEG where its pixels are missing. Elsewhere they are 0."""
SUB_IFDS, DNG_VERSION = 330, 50706
"""Of a TIFF that is the raw data of a camera: what one would see is a small picture within."""


def format_of(file: BinaryIO) -> str:
    """The name of the format. Raises `Unfit`: `unsupported`."""
    found = FORMATS.get(known(file.read(HEAD)))
    file.seek(0)
    if found is None:
        raise Unfit("unsupported")
    import_module(found.plugin)
    if found.name in THREADS:
        module, option = THREADS[found.name]
        setattr(import_module(module), option, 1)
    return found.name


def loaded(file: BinaryIO, kind: str, prepare: Callable[[Image.Image], object]) -> Image.Image:
    """The picture, decoded as far as it goes; `prepare` is called with it before.

    Raises `Unfit` (`corrupt`) when nothing of it can be seen, and when there is more in it than one would see.
    """
    image = Image.open(file, formats=[kind])
    _refuse_what_would_be_lost(image)
    prepare(image)
    try:
        image.load()
    except Image.DecompressionBombError:
        raise
    except Exception:  # whatever a broken file makes a decoder stumble over
        del image
        return _as_far_as_it_goes(file, kind, prepare)
    return image


def _as_far_as_it_goes(file: BinaryIO, kind: str, prepare: Callable[[Image.Image], object]) -> Image.Image:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    file.seek(0)
    image = Image.open(file, formats=[kind])
    prepare(image)
    image.load()
    if _is_blank(image):
        raise Unfit("corrupt")
    return image


def _is_blank(image: Image.Image) -> bool:
    """Nothing was decoded: it is what was there before."""
    extremes = image.getextrema()
    pairs = extremes if isinstance(extremes[0], tuple) else (extremes,)
    return set(pairs) in ({(0, 0)}, {(UNDECODED, UNDECODED)})  # type: ignore[comparison-overlap]


def _refuse_what_would_be_lost(image: Image.Image) -> None:
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if getattr(image, "n_frames", 1) > 1 or SUB_IFDS in tags or DNG_VERSION in tags:
            raise Unfit("corrupt")
