"""Remuxing videos and sounds: picture and sound are copied unchanged, and nothing else. Locations, devices, dates,
titles, covers, chapters, subtitles and data tracks are left out. Runs in the sandbox."""

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
"""The container format for each type: the same as before."""
OPTIONS = {
    "mp4": {"movflags": "+faststart"},
    "mov": {"movflags": "+faststart"},
    "mp3": {"id3v2_version": "0", "write_id3v1": "0"},
}
"""With `faststart`, playing can begin before the whole file has arrived."""
METADATA_FILTERS = {
    "h264": "filter_units=remove_types=6",
    "hevc": "filter_units=remove_types=39|40",
    "av1": "filter_units=remove_types=5",
    "mpeg2video": "filter_units=remove_types=178",
    "mjpeg": "filter_units=remove_types=225-237|239|254",
}
"""Filters by codec for what cameras write between the pictures: SEI messages, metadata, EXIF, comments."""
USER_DATA = re.compile(rb"\x00\x00\x01\xb2.*?(?=\x00\x00\x01|\Z)", re.DOTALL)
"""The same in MPEG-4 Part 2, for which FFmpeg has no filter."""
XIPH = ("vorbis", "theora")
"""Codecs whose second header is a comment."""
NO_COMMENT = {"vorbis": b"\x03vorbis" + bytes(8) + b"\x01", "theora": b"\x81theora" + bytes(8)}


def remux(source: InputContainer, streams: Sequence[Stream], mime_type: str, name: str) -> None:
    """Write these streams of the source to a file. May raise any error of FFmpeg."""
    muxer = MUXERS[mime_type]
    options = {"fflags": "+bitexact", **OPTIONS.get(muxer, {})}
    if mime_type == "audio/mp4":
        options["brand"] = "M4A "
    with av.open(name, "w", format=muxer, options=options) as target:
        copies = {stream.index: _StreamCopy(stream, target) for stream in streams}
        for packet in _packets(source, streams):
            copies[packet.stream_index].write(packet)
        for copy in copies.values():
            copy.finish()


def _packets(source: InputContainer, streams: Sequence[Stream]) -> "Iterator[Packet[Any]]":
    """The packets, as far as they are readable: a file may be truncated."""
    with suppress(av.FFmpegError):
        for packet in source.demux(list(streams)):
            if packet.size and not (packet.dts is None and packet.pts is None):
                yield packet


class _StreamCopy:
    """Copies a stream of the source to the target."""

    def __init__(self, stream: Stream, target: OutputContainer) -> None:
        self._target = target
        self._codec = stream.codec_context.name if stream.codec_context else ""
        self._copy = target.add_stream_from_template(stream, opaque=True)
        metadata_filter = METADATA_FILTERS.get(self._codec)
        self._filter = BitStreamFilterContext(metadata_filter, stream, self._copy) if metadata_filter else None
        self._last: int | None = None
        if self._codec in XIPH and self._copy.codec_context:
            self._copy.codec_context.extradata = _without_comment(self._codec, stream.codec_context.extradata or b"")

    def write(self, packet: "Packet[Any]") -> None:
        for filtered in self._filter.filter(packet) if self._filter else [self._without_user_data(packet)]:
            self._mux(filtered)

    def finish(self) -> None:
        for filtered in self._filter.filter(None) if self._filter else []:
            self._mux(filtered)

    def _without_user_data(self, packet: "Packet[Any]") -> "Packet[Any]":
        if self._codec != "mpeg4" or b"\0\0\1\xb2" not in bytes(packet):
            return packet
        bare = Packet(USER_DATA.sub(b"", bytes(packet)))
        bare.pts, bare.dts, bare.duration, bare.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
        bare.is_keyframe = packet.is_keyframe
        return bare

    def _mux(self, packet: "Packet[Any]") -> None:
        """Write with ascending timestamps, as containers require, even if the source's are broken."""
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
    """The three headers of a Xiph codec, with an empty comment as the second."""
    first, _, third = _unlaced(headers)
    second = NO_COMMENT[codec]
    sizes = b"".join(b"\xff" * (len(part) // 255) + bytes([len(part) % 255]) for part in (first, second))
    return b"\x02" + sizes + first + second + third


def _unlaced(headers: bytes) -> tuple[bytes, bytes, bytes]:
    """The three headers, split. Raises `ValueError` if they are malformed."""
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
