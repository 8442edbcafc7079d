"""The type of a file by the signature of its format. Used inside and outside of the sandbox."""

import re

import filetype  # type: ignore[import-untyped]

UNKNOWN = "application/octet-stream"
HEAD = 8192
"""How many bytes from the beginning are enough."""
SAME = {
    "image/apng": "image/png",
    "video/x-m4v": "video/mp4",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "image/jpx": "image/jp2",
}
BRANDS = {
    b"M4A": "audio/mp4",
    b"M4B": "audio/mp4",
    b"qt ": "video/quicktime",
    b"3gp": "video/3gpp",
    b"3g2": "video/3gpp",
    b"avi": "image/avif",
    b"hei": "image/heic",
    b"hev": "image/heic",
    b"mif": "image/heic",
    b"msf": "image/heic",
    b"crx": "image/x-canon-cr3",
    b"jp2": "image/jp2",
}
"""Prefixes of the brand of an ISO base media file; any other brand is a video."""
ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip")
BEGINNINGS = {
    b"\0\0\0\x0cjP  \r\n\x87\n": "image/jp2",
    b"\xff\x4f\xff\x51": "image/jp2",
    b"#!AMR": "audio/amr",
    b"caff\0": "audio/x-caf",
    b"icns": "image/icns",
    b"qoif": "image/qoi",
    b"DDS |\0\0\0": "image/vnd-ms.dds",
    b"\x59\xa6\x6a\x95": "image/x-sun-raster",
    b"\x01\xda\0": "image/x-sgi",
    b"\x01\xda\x01": "image/x-sgi",
    b"BLP1": "image/x-blp",
    b"BLP2": "image/x-blp",
}
PATTERNS = {
    re.compile(rb"FORM....AIF[FC]", re.DOTALL): "audio/aiff",
    re.compile(rb"P[1-6fy]\s[\d\s#.]"): "image/x-portable-anymap",
    re.compile(rb"\x0a[\0\x02\x03\x05]\x01[\x01\x02\x04\x08]"): "image/vnd.zbrush.pcx",
}
PDF, BLANKS = b"%PDF-", b" \t\r\n\f\0\xef\xbb\xbf"


def match_signature(head: bytes) -> str:
    """The media type of a file that begins with these bytes, or `UNKNOWN`. Never raises."""
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in ATOMS:
        return "video/quicktime"  # an old file without `ftyp`
    for beginning, mime_type in BEGINNINGS.items():
        if head.startswith(beginning):
            return mime_type
    for pattern, mime_type in PATTERNS.items():
        if pattern.match(head):
            return mime_type
    try:
        guess = filetype.guess_mime(head)
    except Exception:  # the library trusts offsets in the file
        guess = None
    if guess is None and head.lstrip(BLANKS).startswith(PDF):
        return "application/pdf"
    return SAME.get(guess, guess or UNKNOWN)


def _by_brand(head: bytes) -> str:
    others = head[16 : max(16, min(int.from_bytes(head[:4], "big"), 256))]
    if head[8:12] in (b"mif1", b"msf1") and b"avif" in others:
        return "image/avif"
    return BRANDS.get(head[8:11], "video/mp4")
