"""Which types files are recognized as."""

import zipfile
from io import BytesIO

import pytest

from media.sniffing import INLINE, KEPT_FORMATS, PICTURES, kind_of, sniff
from media.tests.files import animation, case, picture
from media.tests.films import film, song, voice

pytestmark = pytest.mark.plain


def archive(*names):
    with zipfile.ZipFile(file := BytesIO(), "w") as made:
        for name in names:
            made.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x" * 100)
    return file.getvalue()


def iso(brand):
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"isom" + bytes(100)


JAPANESE = "これは日本語の文章です。\r\n東京都千代田区1-1\r\n"
JAPANESE_ENCODINGS = ("cp932", "euc_jp", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
OFFICE = "application/vnd.openxmlformats-officedocument."
FILES = {
    "PNG": (picture("PNG"), "image/png", "image"),
    "APNG": (animation("PNG", 3), "image/png", "image"),
    "JPEG": (picture("JPEG"), "image/jpeg", "image"),
    "GIF": (picture("GIF"), "image/gif", "image"),
    "WebP": (picture("WEBP"), "image/webp", "image"),
    "TIFF": (picture("TIFF"), "image/tiff", "image"),
    "BMP": (picture("BMP"), "image/bmp", "image"),
    "ICO": (picture("ICO"), "image/x-icon", "image"),
    "AVIF": (picture("AVIF"), "image/avif", "image"),
    "PSD": (b"8BPS\0\1" + bytes(100), "image/vnd.adobe.photoshop", "other"),
    "HEIC": (iso(b"heic"), "image/heic", "image"),
    "HEIX": (iso(b"heix"), "image/heic", "image"),
    "HEIF": (iso(b"mif1"), "image/heic", "image"),
    "MP4": (film("mp4", seconds=0.2), "video/mp4", "video"),
    "fragmented MP4": (iso(b"iso5"), "video/mp4", "video"),
    "M4V": (iso(b"M4V "), "video/mp4", "video"),
    "MOV": (film("mov", seconds=0.2), "video/quicktime", "video"),
    "old MOV": (b"\0\0\1\0moov" + bytes(300), "video/quicktime", "video"),
    "3GP": (iso(b"3gp5"), "video/3gpp", "video"),
    "WebM": (film("webm", seconds=0.2), "video/webm", "video"),
    "recorded WebM": (voice("webm", seconds=0.2, live=True), "video/webm", "video"),
    "MKV": (film("mkv", seconds=0.2), "video/x-matroska", "video"),
    "AVI": (film("avi", seconds=0.2), "video/x-msvideo", "video"),
    "Opus": (voice("ogg", seconds=0.2), "audio/ogg", "audio"),
    "MP3": (voice("mp3", seconds=0.2), "audio/mpeg", "audio"),
    "MP3 without a head": (voice("mp3", seconds=0.2, id3v2_version="0", write_xing="0"), "audio/mpeg", "audio"),
    "MP3 with a cover": (song(), "audio/mpeg", "audio"),
    "WAV": (voice("wav", seconds=0.2), "audio/wav", "audio"),
    "FLAC": (voice("flac", seconds=0.2), "audio/flac", "audio"),
    "M4A": (voice("m4a", seconds=0.2), "audio/mp4", "audio"),
    "AAC": (voice("aac", seconds=0.2), "audio/aac", "audio"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf", "document"),
    "PDF without a byte that is not text": (b"%PDF-1.4\n1 0 obj\n", "application/pdf", "document"),
    "RTF": (rb"{\rtf1\ansi hello}", "application/rtf", "document"),
    "DOCX": (archive("[Content_Types].xml", "_rels/.rels", "word/x"), f"{OFFICE}wordprocessingml.document", "document"),
    "XLSX": (archive("[Content_Types].xml", "_rels/.rels", "xl/x"), f"{OFFICE}spreadsheetml.sheet", "document"),
    "ODT": (archive("mimetype", "content.xml"), "application/vnd.oasis.opendocument.text", "document"),
    "text": ("Ünïcödé\r\n\ttext\f".encode(), "text/plain", "document"),
    "text that is cut within a character": (("é" * 5000).encode()[:8191], "text/plain", "document"),
    "CSV": (b"a;b\n1;2\n", "text/plain", "document"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain", "document"),
    "HTML": (b"\xef\xbb\xbf<!DOCTYPE html><script>alert(1)</script>", "text/plain", "document"),
    "a script": (b"#!/bin/sh\n", "text/plain", "document"),
    "text about BMW": (b"BMW, MZ, GIF and ID3 are words", "text/plain", "document"),
    "text that begins with MZ": (b"MZ is a country code", "text/plain", "document"),
    "GIF and script": (b"GIF89a/*<script>*/=1;", "text/plain", "document"),
    "ZIP": (archive("a.txt"), "application/zip", "other"),
    "ELF": (b"\x7fELF\x02\x01\x01" + bytes(57), "application/x-executable", "other"),
    "SWF": (b"FWS\x0a" + bytes(100), "application/x-shockwave-flash", "other"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "application/gzip", "other"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(20), "application/x-7z-compressed", "other"),
    "RAR": (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed", "other"),
    "AVIF by its second brand": (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif", "image"),
    "AMR": (voice("amr", seconds=0.2), "audio/amr", "audio"),
    "CAF": (voice("caf", seconds=0.2), "audio/x-caf", "audio"),
    "AIFF": (voice("aiff", seconds=0.2), "audio/aiff", "audio"),
    "PDF behind blanks": (b"\r\n \n%PDF-1.4\n1 0 obj\n", "application/pdf", "document"),
    "PDF behind a mark": (b"\xef\xbb\xbf%PDF-1.4\n1 0 obj\n", "application/pdf", "document"),
    "PDF behind junk": (case("junk.pdf"), "application/pdf", "document"),
    "PDF behind a printer's page": (b"\x1b%-12345X@PJL\n\xff%PDF-1.4\n", "application/pdf", "document"),
    "text about PDF": (b"It begins with %PDF-1.4", "text/plain", "document"),
    "UTF-16 of a spreadsheet": (case("utf16.csv"), "text/plain", "document"),
    **{name: (JAPANESE.encode(name), "text/plain", "document") for name in JAPANESE_ENCODINGS},
    "Shift-JIS that is cut within a character": ((JAPANESE * 200).encode("cp932")[:8191], "text/plain", "document"),
    "Latin-1": ("Gr\u00fc\u00dfe".encode("latin-1"), "text/plain", "document"),
    "Latin-1 of a spreadsheet": ("Name;Stra\u00dfe\r\n".encode("latin-1") * 500, "text/plain", "document"),
    "Cyrillic of before Unicode": ("Привет, как дела?".encode("cp1251"), "text/plain", "document"),
    "control characters": (b"\x1b[2Jhello", "application/octet-stream", "other"),
    "zeros": (bytes(100), "application/octet-stream", "other"),
    "nothing": (b"", "application/octet-stream", "other"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_what_its_first_bytes_say(what):
    content, mime_type, kind = FILES[what]

    assert sniff(content[:8192]) == mime_type
    assert kind_of(mime_type) == kind


def test_nothing_makes_it_fail():
    for content, _, _ in FILES.values():
        for at in (*range(64), 300, 1000):
            for byte in (0, 127, 255):
                assert kind_of(sniff(content[:at] + bytes([byte]) * 100))
    assert sniff(bytearray(b"hello")) == sniff(memoryview(b"hello")) == "text/plain"


def test_types_shown_inline_cannot_run_code():
    assert PICTURES & INLINE == KEPT_FORMATS
    assert {mime_type.partition("/")[0] for mime_type in INLINE} == {"image", "video", "audio"}
    assert not {"image/svg+xml", "text/html", "application/pdf"} & INLINE
