"""What a file is, by its first bytes: never by its name, nor by what somebody says it is."""

from media.signatures import HEAD, PDF, UNKNOWN, known
from media.texts import is_other_text, is_utf_8

KEPT = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Pictures that every browser shows: they are made anew as what they were."""
PICTURES = KEPT | {
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
"""What `media.pictures` reads. Not the layers of a Photoshop file: making it anew would lose them."""
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
INLINE = KEPT | RECORDINGS - DOWNLOADED
"""What a browser may show in its place. The pictures are made anew, and a film or a sound does nothing but play."""
PDF_WITHIN = 1024
"""Readers look for the beginning of a PDF in so many bytes: scanners and mailers write something before it."""
WRITTEN = frozenset({"application/pdf", "application/rtf", "application/postscript"})
"""What is a type of its own although it may be nothing but text."""


def sniff(head: bytes) -> str:
    """The media type of what begins with these bytes; eight kilobytes are enough. Never raises.

    Whatever is text is `text/plain`, so that nothing a browser would run is ever called by its name.
    """
    head = bytes(head[:HEAD])
    mime_type = known(head)
    if not head or mime_type in WRITTEN:
        return mime_type
    if is_utf_8(head):
        return "text/plain"
    if mime_type != UNKNOWN:
        return mime_type
    if PDF in head[:PDF_WITHIN]:
        return "application/pdf"
    return "text/plain" if is_other_text(head) else UNKNOWN


def kind_of(mime_type: str) -> str:
    """`image`, `video`, `audio`, `document` or `other`. Only what is made anew is an image, and only what is read is
    a video or a sound."""
    if mime_type in PICTURES | RECORDINGS:
        return mime_type.partition("/")[0]
    return "document" if mime_type in DOCUMENTS or mime_type.startswith(FAMILIES) else "other"
