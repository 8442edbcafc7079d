"""Content sniffing: the type of a file by its first bytes, never by its name or the client's `Content-Type`."""

from media.signatures import HEAD, PDF, UNKNOWN, match_signature
from media.text_detection import is_other_text, is_utf_8

KEPT_FORMATS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Picture formats that every browser shows: they are re-encoded in the same format."""
PICTURES = KEPT_FORMATS | {
    "image/heic",
    "image/avif",
    "image/tiff",
    "image/bmp",
    "image/x-icon",
    "image/jp2",
    "image/x-portable-anymap",
    "image/icns",
    "image/qoi",
    "image/vnd-ms.dds",
    "image/x-sgi",
    "image/vnd.zbrush.pcx",
    "image/x-sun-raster",
    "image/x-blp",
}
"""The formats that `media.pictures` reads. Not Photoshop files: re-encoding them would lose their layers."""
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
        "audio/amr",
        "audio/x-caf",
        "audio/aiff",
    }
)
"""The formats that `media.recordings` reads."""
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
DOWNLOADED = frozenset(
    {
        "video/quicktime",
        "video/3gpp",
        "video/x-matroska",
        "video/x-msvideo",
        "audio/x-matroska",
        "audio/amr",
        "audio/x-caf",
        "audio/aiff",
    }
)
INLINE = KEPT_FORMATS | RECORDINGS - DOWNLOADED
"""Types that a browser may show inline: pictures are re-encoded, and recordings can only be played."""
PDF_WITHIN = 1024
"""PDF readers look for the signature in this many bytes: scanners and mail programs write something before it."""
TEXT_BASED = frozenset({"application/pdf", "application/rtf", "application/postscript"})
"""Types that are kept although the file may be plain text."""


def sniff(head: bytes) -> str:
    """The media type of a file that begins with these bytes; eight kilobytes are enough. Never raises.

    All text is `text/plain`, so that nothing is served with a type that a browser would execute.
    """
    head = bytes(head[:HEAD])
    mime_type = match_signature(head)
    if not head or mime_type in TEXT_BASED:
        return mime_type
    if is_utf_8(head):
        return "text/plain"
    if mime_type != UNKNOWN:
        return mime_type
    if PDF in head[:PDF_WITHIN]:
        return "application/pdf"
    return "text/plain" if is_other_text(head) else UNKNOWN


def kind_of(mime_type: str) -> str:
    """`image`, `video`, `audio`, `document` or `other`. Only formats that are re-encoded are images, and only formats
    that are remuxed are videos or sounds."""
    if mime_type in PICTURES | RECORDINGS:
        return mime_type.partition("/")[0]
    return "document" if mime_type in DOCUMENTS or mime_type.startswith(FAMILIES) else "other"
