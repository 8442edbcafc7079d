"""Detecting text in any encoding, from the first kilobytes."""

import codecs
import re

from charset_normalizer import from_bytes

CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose BOM is a prefix of it
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
LEGACY = ["cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp1250", "cp1251", "cp1252", "koi8_r", "latin_1"]
"""Encodings of older programs. With all encodings the library takes far longer and finds unlikely ones."""
MAX_CHECKED = 4096
"""How many bytes are checked for a legacy encoding."""
MIN_SIZE = 4
"""Fewer bytes than this could be any encoding."""


def is_utf_8(head: bytes) -> bool:
    """Whether a file that begins with these bytes is UTF-8 text. The last character may be cut off."""
    return _reads_as("utf-8", head)


def is_other_text(head: bytes) -> bool:
    """Whether it is text in another encoding: UTF-16, UTF-32 or a legacy encoding."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return _reads_as(encoding, head[len(mark) :])
    return _is_utf_16(head) or _is_legacy(head)


def _reads_as(encoding: str, head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return not CONTROL.search(text)


def _is_utf_16(head: bytes) -> bool:
    """Whether it is UTF-16 without a BOM: it decodes, and has the spaces and line ends that any text has."""
    half = {"utf-16-le": head[1::2], "utf-16-be": head[::2]}
    return any(zeros.count(0) * 20 > len(zeros) > 1 and _reads_as(name, head) for name, zeros in half.items())


def _is_legacy(head: bytes) -> bool:
    head = head[:MAX_CHECKED]
    if len(head) < MIN_SIZE or CONTROL.search(head.decode("latin-1")):
        return False
    return any(from_bytes(cut, cp_isolation=LEGACY).best() for cut in (head, head[:-1]))
