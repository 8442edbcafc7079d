"""Files to upload: valid ones, generated here, and hostile ones."""

import io
import struct
import zlib
from functools import cache
from pathlib import Path

from PIL import Image

CASES = Path(__file__).parent / "cases"
RED, BLUE = (220, 20, 20), (20, 20, 220)


def case(name):
    """The bytes of a file that was brought once and not understood."""
    return (CASES / name).read_bytes()


def picture(kind="PNG", size=(300, 200), colour=RED, **how):
    """The bytes of a plain picture."""
    return encode(Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour), kind, **how)


def encode(image, kind, **how):
    image.save(file := io.BytesIO(), kind, **how)
    return file.getvalue()


def two_halves(kind="PNG", size=(400, 400), **how):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return encode(image, kind, **how)


def photograph():
    """A JPEG as phones make them: lying on its side, and telling where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be turned by 90 degrees clockwise
    exif[0x010F] = "Secret Telephone"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    image = Image.new("RGB", (640, 480), RED)
    image.paste(BLUE, (320, 0, 640, 480))
    profile = b"\x00" * 128 + b"Secret Profile"
    return encode(image, "JPEG", exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta>Secret Place</x:xmpmeta>", quality=95)


def animation(kind="GIF", frames=300):
    """Red at first, then blue for many frames."""
    blue = [Image.new("RGB", (40, 40), (20, 20, 100 + n % 100)) for n in range(frames - 1)]
    return encode(Image.new("RGB", (40, 40), RED), kind, save_all=True, append_images=blue, duration=20)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, content, *, depth=8, colour=2):
    """A PNG that states a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def zeros(megabytes):
    """So many megabytes of zeros, compressed."""
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(bytes(1024**2)) for _ in range(megabytes)), packer.flush()])


def text_bomb():
    """A small PNG with a comment of 200 MB."""
    whole = picture()
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + zeros(200))
    return whole[:33] + bomb + whole[33:]


@cache
def hostile():
    """By what it is: the bytes, and the status that they get."""
    html = b"<html><script>alert(document.cookie)</script></html>"
    return {
        "a header of 50,000 x 50,000": (png(50_000, 50_000, zlib.compress(b"")), 413),
        "41 megapixels": (png(8200, 5000, zeros(118)), 413),
        "a billion lines of nothing": (png(1, 2**31 - 1, zeros(1)), 413),
        "a decompression bomb as a comment": (text_bomb(), 400),
        "more content than it states": (png(10, 10, zeros(200)), 204),
        "no content": (png(10, 10, b""), 400),
        "a cut JPEG": (two_halves("JPEG")[:700], 204),
        "a cut PNG": (two_halves()[:150], 204),
        "a cut GIF": (two_halves("GIF")[:-200], 204),
        "a cut WebP": (two_halves("WEBP")[:60], 400),
        "only a beginning": (b"GIF89a", 400),
        "text": (b"Not a picture, whatever its name says.", 415),
        "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 415),
        "HTML": (html, 415),
        "GIF and HTML": (b"GIF89a/*" + html + b"*/=1;", 400),
        "a picture with HTML behind it": (picture("GIF") + html, 204),
        "a zip": (b"PK\x03\x04" + bytes(100), 415),
        "PDF": (b"%PDF-1.7\n", 415),
        "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", 415),
        "PSD": (b"8BPS\x00\x01" + bytes(100), 415),
        "TIFF": (picture("TIFF"), 204),
        "BMP": (picture("BMP"), 204),
        "ICO": (picture("ICO"), 204),
        "AVIF": (picture("AVIF"), 204),
        "JPEG 2000": (picture("JPEG2000"), 204),
        "nothing": (b"", 400),
        "a sound in RIFF": (b"RIFF\x24\x00\x00\x00WAVEfmt ", 415),
    }
