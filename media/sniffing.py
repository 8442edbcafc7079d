"""What a file is, by its first bytes: never by its name, nor by what somebody says it is."""

import codecs
import re

import filetype  # type: ignore[import-untyped]

UNKNOWN = "application/octet-stream"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
RECORDINGS = frozenset(
    {
        "video/mp4",
        "video/quicktime",
        "video/3gpp",
        "video/webm",
        "video/x-matroska",
        "video/ogg",
        "video/x-msvideo",
        "audio/mp4",
        "audio/webm",
        "audio/x-matroska",
        "audio/ogg",
        "audio/mpeg",
        "audio/wav",
        "audio/flac",
        "audio/aac",
    }
)
"""What `media.recordings` reads."""
DOCUMENTS = frozenset(
    {
        "application/pdf",
        "application/rtf",
        "application/epub+zip",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "text/plain",
        "text/csv",
    }
)
FAMILIES = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
INLINE = PICTURES | RECORDINGS - {"video/quicktime", "video/3gpp", "video/x-matroska", "video/x-msvideo"} - {
    "audio/x-matroska"
}
"""What a browser may show in its place. The pictures are made anew, and a film or a sound does nothing but play."""

HEAD = 8192
SAME = {
    "image/apng": "image/png",
    "video/x-m4v": "video/mp4",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "audio/x-aiff": "audio/aiff",
}
WRITTEN = frozenset({"application/pdf", "application/rtf", "application/postscript"})
"""What is a type of its own although it may be nothing but text."""
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
"""The beginning of the brand of an ISO base media file; any other is a video."""
ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip")
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def sniff(head: bytes) -> str:
    """The media type of what begins with these bytes; eight kilobytes are enough. Never raises.

    Whatever is text is `text/plain`, so that nothing a browser would run is ever called by its name.
    """
    head = bytes(head[:HEAD])
    if not head:
        return UNKNOWN
    known = _known(head)
    if _is_text(head):
        return known if known in WRITTEN else "text/plain"
    return known


def kind_of(mime_type: str) -> str:
    """`image`, `video`, `audio`, `document` or `other`. Only what is made anew is an image, and only what is read is
    a video or a sound."""
    if mime_type in PICTURES | RECORDINGS:
        return mime_type.partition("/")[0]
    return "document" if mime_type in DOCUMENTS or mime_type.startswith(FAMILIES) else "other"


def _known(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:11], "video/mp4")
    if head[4:8] in ATOMS:
        return "video/quicktime"  # from before files began with their type
    try:
        guess = filetype.guess_mime(head)
    except Exception:  # it counts through bytes that anybody may have written
        guess = None
    return SAME.get(guess, guess or UNKNOWN)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return not CONTROL.search(head)
