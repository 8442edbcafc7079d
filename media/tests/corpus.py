"""About four hundred hostile files, always the same ones."""

import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import Image

from media.tests import films
from media.tests.files import animation, case, chunk, encode, photograph, png, text_bomb, two_halves
from media.tests.files import zeros as compressed

zeros = cache(compressed)
SIZES = [1, 255, 8000, 16_383, 20_000, 30_000, 50_000, 65_500, 65_535]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"{}>{}</svg>'
SCRIPT = "<script>alert(document.cookie)</script>"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def files() -> Iterator[tuple[str, bytes]]:
    """Each by a name of its own."""
    for kind in (_headers, _bombs, _floods, _photographs, _cut_pictures, _flipped, _polyglots, _texts, _programs):
        yield from kind()
    for kind in (_archives, _cut_films, _films):
        yield from kind()


def package_files(*folders: str) -> Iterator[tuple[str, bytes]]:
    """Every file below the folders and in the tar archives among them, as others have collected them."""
    for folder in folders:
        for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
            if not path.name.endswith(".tar.gz"):
                yield str(path), path.read_bytes()
                continue
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile() and "/images/" in member.name:
                        yield member.name, archive.extractfile(member).read()


def _headers():
    """Of sizes that nobody could hold."""
    for side in SIZES:
        yield f"png {side}", png(side, side, zlib.compress(b"\0" * 100))
        yield f"png {side} x 1", png(side, 1, zlib.compress(b"\0" * 100))
        yield f"gif {side}", _gif(side, side, 1)
        yield f"jpeg {side}", _stated(two_halves("JPEG"), b"\xff\xc0", 5, ">HH", side, side)
        yield f"webp {side}", _webp(side, side)
    for depth, colour in ((1, 0), (16, 0), (16, 6), (8, 3), (4, 3), (16, 2), (3, 7), (255, 255)):
        yield f"png depth {depth} colour {colour}", png(8000, 5000, zlib.compress(b""), depth=depth, colour=colour)
    yield "png of nothing", png(0, 0, zlib.compress(b""))
    yield "gif of nothing", _gif(0, 0, 1)
    yield "png of the largest size", png(2**31 - 1, 2**31 - 1, zlib.compress(b""))


def _bombs():
    whole = two_halves()
    yield "png with 4 GB of content, it says", whole[:33] + struct.pack(">I", 2**32 - 1) + b"IDAT" + whole[41:]
    yield "png with 2 GB of content, it says", whole[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + whole[41:]
    yield "png with a comment of 200 MB", text_bomb()
    for name, head in ((b"iTXt", b"Comment\0\1\0\0\0"), (b"iCCP", b"icc\0\0"), (b"zTXt", b"Raw profile type exif\0\0")):
        yield f"png with {name.decode()} of 100 MB", whole[:33] + chunk(name, head + zeros(100)) + whole[33:]
    yield "png with a thousand comments", whole[:33] + chunk(b"zTXt", b"Comment\0\0" + zeros(1)) * 1000 + whole[33:]
    yield "png of 40 megapixels", png(8000, 5000, zeros(115))
    yield "png of 41 megapixels", png(8200, 5000, zeros(100))
    yield "png interlaced", png(8000, 5000, zeros(100), colour=6)
    yield "png with more than it states", png(10, 10, zeros(100))
    yield "png of one long line", png(2**31 - 1, 1, zeros(100))
    yield (
        "jpeg with 10 MB of EXIF",
        _inserted(two_halves("JPEG"), (b"\xff\xe1" + b"\xff\xffExif\0\0" + bytes(65527)) * 160),
    )
    yield (
        "jpeg with 10 MB of ICC",
        _inserted(two_halves("JPEG"), (b"\xff\xe2" + b"\xff\xffICC_PROFILE\0" + bytes(65521)) * 160),
    )
    yield "jpeg with 10 MB of comments", _inserted(two_halves("JPEG"), (b"\xff\xfe\xff\xff" + bytes(65533)) * 160)
    yield "jpeg of 30,000 scans", _scans(30_000)
    yield "jpeg of 100 megapixels", encode(Image.new("L", (10_000, 10_000)), "JPEG")


def _floods():
    yield "gif of 50,000 frames", _gif(1, 1, 50_000)
    yield "gif of 50,000 large frames", _gif(2000, 2000, 50_000)
    yield "gif of 300 huge frames", _gif(6000, 6000, 300)
    yield "gif of growing frames", _gif(10, 10, 200, grow=300)
    yield "gif without an end", _gif(100, 100, 100)[:-1]
    yield "apng of 300 frames", animation("PNG", 300)
    yield "apng of 50,000 frames", _apng(50_000, 1)
    yield "apng of 4 billion frames, it says", _apng(3, 2**32 - 1)
    yield "apng of huge frames", _apng(200, 200, side=6000)
    yield "webp of 300 frames", animation("WEBP", 300)


def _photographs():
    for orientation in (*range(11), 65_535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
        yield f"jpeg turned {orientation}", encode(Image.new("RGB", (64, 48)), "JPEG", exif=exif)
    for size in (6, 10, 20, 40, 80):
        photo = photograph()
        yield f"jpeg with {size} bytes of EXIF missing", photo[:40] + b"\xff" * size + photo[40 + size :]
    for profile in (b"", b"acsp", b"\xff" * 1000, struct.pack(">I", 2**32 - 1) + bytes(200)):
        yield f"png with a profile of {len(profile)}", encode(Image.new("RGB", (9, 9)), "PNG", icc_profile=profile)


@cache
def _pictures():
    return {
        "png": two_halves(),
        "jpeg": photograph(),
        "gif": two_halves("GIF"),
        "webp": two_halves("WEBP"),
        "apng": animation("PNG", 5),
        "progressive jpeg": two_halves("JPEG", progressive=True),
    }


@cache
def _recordings():
    made = {kind: films.film(kind, seconds=1, size=(64, 64)) for kind in films.FILMS}
    made |= {f"{kind} voice": films.voice(kind, seconds=1) for kind in ("ogg", "webm", "mp3", "flac", "m4a")}
    live = films.film("mp4", seconds=1, size=(64, 64), live=True, movflags="frag_keyframe+empty_moov")
    return {**made, "live webm": films.film("webm", seconds=1, size=(64, 64), live=True), "live mp4": live}


def _cut_pictures():
    for kind, whole in _pictures().items():
        for step in range(12):
            at = max(1, step * len(whole) // 12)
            yield f"{kind} cut at {at}", whole[:at]


def _cut_films():
    for kind, whole in _recordings().items():
        for step in range(8):
            at = max(1, step * len(whole) // 8)
            yield f"{kind} cut at {at}", whole[:at]


def _flipped():
    """A hundredth of the bytes are others."""
    chance = random.Random(20_26)
    for kind, whole in {**_pictures(), **_recordings()}.items():
        for number in range(4):
            broken = bytearray(whole)
            for _ in range(max(3, len(whole) // 100)):
                broken[chance.randrange(12, len(whole))] = chance.randrange(256)
            yield f"{kind} flipped {number}", bytes(broken)


def _polyglots():
    html = f"<html>{SCRIPT}</html>".encode()
    yield "gif and html", b"GIF89a/*" + html + b"*/=1;"
    yield "html in a png", two_halves()[:33] + chunk(b"tEXt", b"Comment\0" + html) + two_halves()[33:]
    yield "js in a jpeg", _inserted(two_halves("JPEG"), b"\xff\xfe" + struct.pack(">H", len(html) + 2) + html)
    yield "pdf in a jpeg", two_halves("JPEG") + _pdf()
    yield "gifar", two_halves("GIF") + _zip({"evil.class": b"\xca\xfe\xba\xbe"})
    yield "html behind a webp", two_halves("WEBP") + html
    yield "html behind an mp4", _recordings()["mp4"] + html
    yield "js in a wav", b"RIFF/*WAVE*/=1;" + html
    yield "webp that is sound", b"RIFF\x24\x00\x00\x00WEBPfmt " + bytes(100)
    yield "bmp and js", b"BM/*" + bytes(10) + b"*/=1;"


def _texts():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    outside = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield "svg with a script", SVG.format("", SCRIPT).encode()
    yield "svg with onload", SVG.format(' onload="alert(1)"', "").encode()
    yield "svg with a foreign object", SVG.format("", f"<foreignObject>{SCRIPT}</foreignObject>").encode()
    yield "svg with an entity from outside", (outside + SVG.format("", "&x;")).encode()
    yield "svg that uses another", SVG.format("", '<use xlink:href="http://evil.example/x.svg#a"/>').encode()
    yield "svg bomb", f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]>{SVG.format("", "&e9;")}'.encode()
    yield "html", f"<!DOCTYPE html><html>{SCRIPT}".encode()
    yield "html behind a mark", b"\xef\xbb\xbf<html>" + SCRIPT.encode()
    yield "html in UTF-16", f"<html>{SCRIPT}".encode("utf-16")
    yield "html in UTF-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"
    yield "xhtml", f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{SCRIPT}</html>'.encode()
    yield "mhtml", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + SCRIPT.encode()
    yield "xslt", b'<?xml version="1.0"?><?xml-stylesheet href="#" type="text/xsl"?><x/>'
    yield "hta", b'<script language=VBScript>CreateObject("WScript.Shell")</script>'
    yield "csv with a formula", b"name,=cmd|' /C calc'!A0\n"
    yield "playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    yield (
        "playlist of pieces",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n",
    )
    yield "ffconcat", b"ffconcat version 1.0\nfile /etc/passwd\n"
    yield "sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 1 RTP/AVP 96\n"
    yield "dash", b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///</BaseURL></MPD>'
    yield "eicar", EICAR
    yield "nothing", b""
    for byte in (0, 10, 65, 137, 255):
        yield f"one byte, {byte}", bytes([byte])
    yield "zeros", bytes(1_000_000)
    for number in range(10):
        yield f"noise {number}", random.Random(number).randbytes(5000)
    for byte in (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x18ftypmp42",
        b"OggS",
        b"ID3",
    ):
        yield f"only {byte[:8]!r}", byte
        yield f"{byte[:8]!r} and noise", byte + random.Random(1).randbytes(5000)
    yield "ebml and noise", b"\x1aE\xdf\xa3" + random.Random(1).randbytes(5000)


def _programs():
    yield "pdf with js", _pdf()
    yield "swf", b"FWS\x0a" + struct.pack("<I", 100) + bytes(92)
    yield "compressed swf", b"CWS\x0a" + struct.pack("<I", 2**31) + zeros(10)
    yield "shortcut", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(100)
    yield "url", b"[InternetShortcut]\r\nURL=file:///c:/windows/system32/calc.exe\r\n"
    yield "desktop", b"[Desktop Entry]\nType=Application\nExec=sh -c 'id'\n"
    yield "shell script", b"#!/bin/sh\nrm -rf /\n"
    yield "elf", b"\x7fELF\x02\x01\x01" + bytes(57)
    yield "exe", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(100)
    yield "class", b"\xca\xfe\xba\xbe" + bytes(50)
    yield "wasm", b"\0asm\x01\0\0\0"
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n"
    yield "ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2000
    yield "rtf", rb"{\rtf1{\object\objocx{\*\objdata 0105}}}"


def _archives():
    bomb = _zip({"zeros": bytes(20_000_000)})
    yield "zip bomb", bomb
    yield "zip in a zip in a zip", _zip({f"{a}.zip": _zip({f"{b}.zip": bomb for b in range(3)}) for a in range(3)})
    yield "zip of ten thousand files", _zip({f"{number}": b"" for number in range(10_000)})
    yield "zip that climbs", _zip({"../../../../etc/cron.d/x": b"* * * * * root id\n"})
    yield "zip that overlaps", bomb[:200] * 50 + bomb[-100:]
    word = "word/document.xml"
    yield "docx bomb", _zip({"[Content_Types].xml": b"<x/>", "_rels/.rels": b"<x/>", word: bytes(20_000_000)})
    yield "epub", _zip({"mimetype": b"application/epub+zip"}, zipfile.ZIP_STORED)
    for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "/etc/shadow"), (tarfile.CHRTYPE, "")):
        yield f"tar with {kind!r}", _tar(kind, target)
    yield "gz bomb", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + zeros(50)
    yield "7z", b"7z\xbc\xaf\x27\x1c" + bytes(100)
    yield "rar", b"Rar!\x1a\x07\x01\x00" + bytes(100)


def _films():
    """That state what they have not."""
    film = _recordings()["mp4"]
    for side in (0, 1, 16_384, 65_535):
        yield f"mp4 of {side}", _stated(film, b"tkhd", 80, ">II", side << 16, side << 16)
        yield f"mp4 of {side} coded", _stated(film, b"avc1", 28, ">HH", side, side)
    for name, at in ((b"mvhd", 16), (b"tkhd", 24), (b"mdhd", 16), (b"mdhd", 12), (b"mvhd", 12)):
        for number in (0, 1, 2**31 - 1, 2**32 - 1):
            yield f"mp4 with {name.decode()} {at} {number}", _stated(film, name, at, ">I", number)
    for name in (b"stts", b"stsz", b"stsc", b"stco", b"stss", b"ctts", b"elst", b"dref"):
        for number in (0, 2**24, 2**32 - 1):
            at = 12 if name == b"stsz" else 8
            yield f"mp4 with {name.decode()} of {number}", _stated(film, name, at, ">I", number)
    yield "mp4 with samples of one size", _stated(film, b"stsz", 8, ">II", 1, 2**32 - 1)
    yield "mp4 nested", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + _nested(b"moov", 5000)
    yield "mp4 with a box of nothing", film[:32] + struct.pack(">I4s", 0, b"free") + film[32:]
    yield "mp4 with a box of 16 EB", film[:32] + struct.pack(">I4sQ", 1, b"free", 2**63) + film[32:]
    yield "mov that points elsewhere", film.replace(b"url \0\0\0\x01", b"alis\0\0\0\0").replace(b"url ", b"alis")
    for side in (16_383, 65_535):
        yield f"webm of {side}", _webm(side)
    yield "avi of 65,535", _stated(_recordings()["avi"], b"strf", 8, "<II", 65_535, 65_535)
    yield (
        "wav of 4 GB",
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0"
        + struct.pack("<IIHH", 1, 2, 2, 16)
        + b"data\xff\xff\xff\xff"
        + bytes(999),
    )
    yield (
        "wav of 65,535 channels",
        b"RIFF\xff\0\0\0WAVEfmt \x10\0\0\0\1\0\xff\xff"
        + struct.pack("<IIHH", 2**31, 1, 1, 16)
        + b"data\xff\0\0\0"
        + bytes(999),
    )
    yield "flac of 2^36 samples", _stated(_recordings()["flac voice"], b"fLaC", 18, ">Q", 2**64 - 1)
    yield "mp3 with a name of 200 MB", b"ID3\x04\0\0\x7f\x7f\x7f\x7fTIT2\x7f\x7f\x7f\x7f\0\0" + bytes(1000)
    yield "mp3 with a huge cover", _with_cover(png(30_000, 30_000, zeros(20)))


def _stated(whole, mark, offset, form, *numbers):
    """The file with other numbers so many bytes after the first of a mark, as far as it has one."""
    at = whole.find(mark)
    if at < 0:
        return whole
    at += offset
    packed = struct.pack(form, *numbers)
    return whole[:at] + packed + whole[at + len(packed) :]


def _gif(width, height, frames, *, grow=0):
    """Frames of a single pixel each, on a screen of that size; or of all of it, larger by `grow` with each."""
    parts = [b"GIF89a" + struct.pack("<HH", width, height) + b"\xf0\0\0" + bytes(6)]
    for number in range(frames):
        size = (width + number * grow, height + number * grow) if grow else (min(1, width), min(1, height))
        frame = b"\x21\xf9\x04\x08\x05\0\0\0" + b"," + struct.pack("<HHHH", 0, 0, *size) + b"\0\x02\x02\x44\x01\0"
        parts.append(frame)
    return b"".join(parts) + b";"


def _apng(frames, stated, side=1):
    content = zlib.compress(b"\0" * (3 * side + 1) * side, 9) if side > 1 else zlib.compress(bytes(4))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"acTL", struct.pack(">II", stated, 0))]
    small = zlib.compress(bytes(4))
    for number in range(frames):
        size = (side, side) if not number else (1, 1)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", max(0, 2 * number - 1), *size, 0, 0, 1, 50, 0, 0)))
        body = struct.pack(">I", 2 * number) + small
        parts.append(chunk(b"fdAT", body) if number else chunk(b"IDAT", content))
    return b"".join([*parts, chunk(b"IEND", b"")])


def _webp(width, height):
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X\x0a\0\0\0\x02\0\0\0" + canvas + two_halves("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webm(side):
    """Pixel sizes as EBML keeps them: `B0 82` and two bytes."""
    film = _recordings()["webm"]
    for mark in (b"\xb0", b"\xba"):
        film = film.replace(mark + b"\x81\x40", mark + b"\x82" + struct.pack(">H", side), 1)
    return film


def _nested(name, deep):
    box = b""
    for _ in range(deep):
        box = struct.pack(">I4s", len(box) + 8, name) + box
    return box


def _with_cover(picture):
    body = b"\0image/png\0\x03\0" + picture
    frame = b"APIC" + _synchsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _synchsafe(len(frame)) + frame + films.voice("mp3", seconds=1)


def _synchsafe(number):
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _scans(number):
    """A progressive JPEG that refines the same pixels over and over."""
    whole = two_halves("JPEG", (2000, 2000), progressive=True)
    at = whole.rfind(b"\xff\xda")
    return whole[:at] + whole[at:-2] * (number * 10 // max(10, len(whole) - at)) + b"\xff\xd9"


def _inserted(jpeg, segments):
    return jpeg[:2] + segments + jpeg[2:]


def _pdf():
    action = rb"<</S/JavaScript/JS(app.alert\(1\))>>"
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction" + action + b">>endobj\ntrailer<</Root 1 0 R>>\n"


def _zip(content, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file := io.BytesIO(), "w", how) as archive:
        for name, some in content.items():
            archive.writestr(zipfile.ZipInfo(name), some, how)
    return file.getvalue()


def _tar(kind, target):
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w") as archive:
        member = tarfile.TarInfo("harmless.txt")
        member.type, member.linkname = kind, target
        archive.addfile(member)
    return file.getvalue()


def planted() -> dict[str, bytes]:
    """Of every kind that is shown, one that tells where and with what it was made, in each way that its kind knows."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Telephone"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    xmp = b"<x:xmpmeta>Secret Place 52.52</x:xmpmeta>"
    jpeg = photograph()
    pictures = {
        "a.jpg": jpeg,
        "torn.jpg": jpeg[:-2],
        "half.jpg": jpeg[: len(jpeg) * 3 // 4],
        "behind.jpg": jpeg + b"Secret Page 52.52",
        "a.png": encode(Image.new("RGB", (64, 48), "red"), "PNG", exif=exif) + b"Secret",
        "a.gif": encode(Image.new("RGB", (64, 48), "red"), "GIF", comment=b"Secret 52.52"),
        "a.webp": encode(Image.new("RGB", (64, 48), "red"), "WEBP", exif=exif, xmp=xmp),
        "a.avif": encode(Image.new("RGB", (64, 48), "red"), "AVIF", exif=exif, xmp=xmp),
        "a.tiff": encode(Image.new("RGB", (64, 48), "red"), "TIFF", exif=exif),
        "gps.heic": case("gps.heic"),
        "gps_no_eoi.jpg": case("gps_no_eoi.jpg"),
    }
    tags = {
        "title": "Secret",
        "location": "+52.5200+013.4050/",
        "com.apple.quicktime.make": "Secret Maker",
        "comment": "Secret 52.52",
        "artist": "Secret",
    }
    recordings = {
        **{f"film.{kind}": films.tagged(films.film(kind, seconds=0.5, size=(64, 64)), tags) for kind in films.FILMS},
        **{
            f"keys.{kind}": films.tagged(films.film(kind, seconds=0.5), tags, movflags="use_metadata_tags")
            for kind in ("mp4", "mov")
        },
        **{
            f"voice.{kind}": films.tagged(films.voice(kind, seconds=0.5), tags)
            for kind in ("ogg", "mp3", "wav", "flac", "m4a")
        },
        "vorbis.mkv": films.tagged(films.film("mkv", seconds=0.5, voice="vorbis", layout="stereo"), tags),
        "sei.mp4": films.with_sei(films.film("mp4", seconds=0.5), b"Secret 52.52"),
        "subtitles.mkv": films.subtitled(b"Secret 52.52"),
        "cover.mp3": _with_cover(jpeg),
        "tag.aac": b"ID3\x04\0\0\0\0\0\x13TIT2\0\0\0\x09\0\0\x03Secret 5" + films.voice("aac", seconds=0.5),
        "behind.mp4": films.film("mp4", seconds=0.5) + b"\0\0\0\x14freeSecret 52.52",
        "gps.mp4": case("gps.mp4"),
    }
    return pictures | recordings
