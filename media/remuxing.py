"""Films and sounds, packed anew: what one sees and hears is copied as it is, and nothing else that lay in the file.
Places, devices, dates, titles, covers, chapters, subtitles and tracks of data stay behind. Runs in the sandbox."""

import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

MUXERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/ogg": "ogg",
    "video/x-msvideo": "avi",
    "audio/mp4": "mp4",
    "audio/webm": "webm",
    "audio/x-matroska": "matroska",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/aac": "adts",
    "audio/amr": "amr",
    "audio/x-caf": "caf",
    "audio/aiff": "aiff",
}
"""How what is of this type is packed: as what it was."""
OPTIONS = {
    "mp4": {"movflags": "+faststart"},
    "mov": {"movflags": "+faststart"},
    "mp3": {"id3v2_version": "0", "write_id3v1": "0"},
}
"""A film begins to play before all of it has arrived."""
UNSEEN = {
    "h264": "filter_units=remove_types=6",
    "hevc": "filter_units=remove_types=39|40",
    "av1": "filter_units=remove_types=5",
    "mpeg2video": "filter_units=remove_types=178",
    "mjpeg": "filter_units=remove_types=225-237|239|254",
}
"""What cameras write between the pictures of a stream, by its codec: SEI messages, metadata, EXIF, comments."""
USER_DATA = re.compile(rb"\x00\x00\x01\xb2.*?(?=\x00\x00\x01|\Z)", re.DOTALL)
"""The same in MPEG-4 of before H.264, which FFmpeg has no filter for."""
XIPH = ("vorbis", "theora")
"""Their second header is a comment."""
NO_COMMENT = {"vorbis": b"\x03vorbis" + bytes(8) + b"\x01", "theora": b"\x81theora" + bytes(8)}


def remux(source: InputContainer, streams: Sequence[Stream], mime_type: str, name: str) -> None:
    """Write these streams of the source to a file. Raises what FFmpeg stumbles over."""
    muxer = MUXERS[mime_type]
    options = {"fflags": "+bitexact", **OPTIONS.get(muxer, {})}
    if mime_type == "audio/mp4":
        options["brand"] = "M4A "
    with av.open(name, "w", format=muxer, options=options) as target:
        ways = {stream.index: _Way(stream, target) for stream in streams}
        for packet in _packets(source, streams):
            ways[packet.stream_index].carry(packet)
        for way in ways.values():
            way.end()


def _packets(source: InputContainer, streams: Sequence[Stream]) -> "Iterator[Packet[Any]]":
    """As far as it goes: a file may be cut off."""
    with suppress(av.FFmpegError):
        for packet in source.demux(list(streams)):
            if packet.size and not (packet.dts is None and packet.pts is None):
                yield packet


class _Way:
    """From a stream of the source to its copy."""

    def __init__(self, stream: Stream, target: OutputContainer) -> None:
        self._target = target
        self._codec = stream.codec_context.name if stream.codec_context else ""
        self._copy = target.add_stream_from_template(stream, opaque=True)
        unseen = UNSEEN.get(self._codec)
        self._filter = BitStreamFilterContext(unseen, stream, self._copy) if unseen else None
        self._last: int | None = None
        if self._codec in XIPH and self._copy.codec_context:
            self._copy.codec_context.extradata = _without_comment(self._codec, stream.codec_context.extradata or b"")

    def carry(self, packet: "Packet[Any]") -> None:
        for one in self._filter.filter(packet) if self._filter else [self._bare(packet)]:
            self._write(one)

    def end(self) -> None:
        for one in self._filter.filter(None) if self._filter else []:
            self._write(one)

    def _bare(self, packet: "Packet[Any]") -> "Packet[Any]":
        if self._codec != "mpeg4" or b"\0\0\1\xb2" not in bytes(packet):
            return packet
        bare = Packet(USER_DATA.sub(b"", bytes(packet)))
        bare.pts, bare.dts, bare.duration, bare.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
        bare.is_keyframe = packet.is_keyframe
        return bare

    def _write(self, packet: "Packet[Any]") -> None:
        """In the order in which containers want them, whatever a broken one says."""
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            return
        if self._last is not None and dts <= self._last:
            dts = self._last + 1
        self._last = packet.dts = dts
        packet.pts = dts if packet.pts is None else max(packet.pts, dts)
        packet.stream = self._copy
        self._target.mux(packet)


def _without_comment(codec: str, headers: bytes) -> bytes:
    """The three headers of a Xiph codec, the second of which is empty."""
    first, _, third = _unlaced(headers)
    second = NO_COMMENT[codec]
    sizes = b"".join(b"\xff" * (len(one) // 255) + bytes([len(one) % 255]) for one in (first, second))
    return b"\x02" + sizes + first + second + third


def _unlaced(headers: bytes) -> tuple[bytes, bytes, bytes]:
    """Raises `ValueError` when they are none."""
    if headers[:1] == b"\x02":
        sizes, at = [], 1
        for _ in range(2):
            size = 0
            while headers[at : at + 1] == b"\xff":
                size, at = size + 255, at + 1
            size, at = size + headers[at], at + 1
            sizes.append(size)
        first, second = at + sizes[0], at + sum(sizes)
        return headers[at:first], headers[first:second], headers[second:]
    parts = []
    for _ in range(3):
        (size,) = struct.unpack(">H", headers[:2])
        parts.append(headers[2 : 2 + size])
        headers = headers[2 + size :]
    return parts[0], parts[1], parts[2]
