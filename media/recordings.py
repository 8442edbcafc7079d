"""Videos and sounds are analysed and remuxed: size, duration, poster, waveform. Runs in the sandbox."""

import math
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any, BinaryIO

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from media import previews
from media.job import UnusableFile
from media.limits import MAX_FRAME_PIXELS, THUMBNAIL_SIZES, WAVEFORM_PEAKS, WAVEFORM_SECONDS
from media.remuxing import remux
from media.signatures import HEAD, match_signature

FORMATS = "mov,matroska,ogg,mp3,wav,flac,aac,avi,amr,caf,aiff"
"""The only containers that are opened: a playlist, for example, would fetch the files it lists."""
CODECS = (
    "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,h263,mpeg2video,theora,mjpeg,"
    "aac,mp3,mp3float,opus,libopus,vorbis,flac,alac,amrnb,amrwb,ac3,"
    "adpcm_ima_qt,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_alaw,pcm_mulaw"
)
"""The common ones among the hundreds of codecs that FFmpeg can decode."""
OPTIONS = {"codec_whitelist": CODECS, "threads": "1"}
SOUNDS = {"video/quicktime": "audio/mp4", "video/3gpp": "audio/mp4"}
"""The type of a video container with only sound, where replacing `video/` by `audio/` would not give a valid type."""
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, -90: Image.Transpose.ROTATE_270}
TURNS[-180] = TURNS[180]
SIDEWAYS = (TURNS[90], TURNS[-90])
CONTENT = "content"
PLAYED_EVERYWHERE = ("audio/mp4", "audio/mpeg", "audio/wav", "audio/flac", "audio/aac")
RARELY_SUPPORTED = ("opus", "libopus", "vorbis", "amrnb", "amrwb", "ac3")
"""Codecs that some devices cannot play, in any container."""
AAC_OPTIONS = {"fflags": "+bitexact", "movflags": "+faststart", "brand": "M4A "}
AAC_RATE, AAC_BITS, AAC_FRAME = 48_000, 64_000, 1024
"""The AAC rendition: samples per second, bits per second and channel, samples per frame."""
TAGGED = {"aac": "audio/aac"}
"""Formats that may begin with the tags of an MP3."""
POSTER_AT = 0.1
READING, WATCHING, LISTENING = 4, 6, 8
"""Seconds since the start after which the results so far are used."""
RATE, BLOCK = 8000, 80
"""The sound that a waveform is drawn from: samples per second, and samples per peak."""
MAX_SECONDS = 10_000_000
"""A longer duration is false or damaged."""


Facts = dict[str, Any]


def recording(file: BinaryIO) -> Facts:
    """Write the previews of a video, and remux the recording without hidden data. Returns `{kind, mime_type, width,
    height, duration, waveform, placeholder, small, large, content, plays_anywhere}`; all but the first may be None.
    `kind` is "video" or "audio", `mime_type` is given if the first bytes alone are misleading, `width` and `height` are
    as displayed, `duration` is in seconds, `waveform` has `WAVEFORM_PEAKS` numbers from 0 to 100, and `content` is None
    if it cannot be remuxed.

    Raises `UnusableFile` (`corrupt`) if the container is unknown or has neither video nor sound.
    """
    facts: Facts = dict.fromkeys(
        ("width", "height", "duration", "waveform", "placeholder", "small", "large", "content")
    )
    began = time.monotonic()
    with _opened(file) as container:
        video = _video_stream(container)
        if not video and not container.streams.audio:
            raise UnusableFile("corrupt")
        form = container.format.name
        facts |= {"kind": "video" if video else "audio", "duration": _duration(container, began + READING)}
        if video and video.codec_context and video.width and video.height:
            facts |= dict(zip(("width", "height"), _size(video), strict=True))
    sniffed = _sniffed(file)
    facts["mime_type"] = TAGGED.get(form) or _mime_type(sniffed, facts["kind"])
    with suppress(Exception), _opened(file) as container:  # a file that cannot be decoded can still be stored
        if facts["kind"] == "video":
            facts |= _poster_facts(container, facts["duration"] or 0, began + WATCHING)
        else:
            facts |= _waveform_facts(container, facts["duration"] or 0, began + LISTENING)
    with suppress(Exception), _opened(file) as container:
        mime_type = facts["mime_type"] or sniffed
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        remux(container, _media_streams(container), mime_type, CONTENT)
        facts |= {
            "content": CONTENT,
            "plays_anywhere": mime_type in PLAYED_EVERYWHERE and sound not in RARELY_SUPPORTED,
        }
    return facts


def aac(file: BinaryIO) -> Facts:
    """Write the sound as AAC, which every device can play. Returns `{content}`.

    Raises `UnusableFile` (`corrupt`) if it cannot be decoded.
    """
    with _opened(file) as source, av.open(CONTENT, "w", format="mp4", options=AAC_OPTIONS) as target:
        sound = source.streams.audio[0]
        channels = min(sound.channels, 2)
        layout = "stereo" if channels == 2 else "mono"
        copy = target.add_stream("aac", rate=AAC_RATE, layout=layout, bit_rate=channels * AAC_BITS)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=AAC_RATE, frame_size=AAC_FRAME)
        for frame in _decoded(source, sound, math.inf):
            for resampled in resampler.resample(frame):
                target.mux(copy.encode(resampled))
        for resampled in resampler.resample(None):
            target.mux(copy.encode(resampled))
        target.mux(copy.encode(None))
    return {"content": CONTENT}


@contextmanager
def _opened(file: BinaryIO) -> Iterator[InputContainer]:
    file.seek(0)
    try:
        container = av.open(
            file,
            "r",
            options=OPTIONS,
            container_options={"format_whitelist": FORMATS},
            metadata_errors="replace",
            io_open=_refuse_other_files,
        )
    except Exception as error:  # a broken file may raise anything
        raise UnusableFile("corrupt") from error
    with container:
        for stream in container.streams:
            if stream.codec_context:
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {**OPTIONS, "max_pixels": str(MAX_FRAME_PIXELS)}
        yield container


def _refuse_other_files(url: str, flags: int, options: dict[str, str]) -> None:
    raise PermissionError("A container must not refer to other files.")


def _video_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is not a cover picture."""
    moving = [stream for stream in container.streams.video if Disposition.attached_pic not in stream.disposition]
    return moving[0] if moving else None


def _sniffed(file: BinaryIO) -> str:
    file.seek(0)
    return match_signature(file.read(HEAD))


def _mime_type(sniffed: str, kind: str) -> str | None:
    family, _, name = sniffed.partition("/")
    if family == kind or family not in ("audio", "video"):
        return None
    return SOUNDS.get(sniffed, f"{kind}/{name}")


def _size(video: VideoStream) -> tuple[int, int]:
    """Width and height with square pixels, before rotation."""
    ratio = video.sample_aspect_ratio or 1
    return round(video.width * (ratio if 1 / 4 <= ratio <= 4 else 1)), video.height


def _duration(container: InputContainer, deadline: float) -> float | None:
    """The time from the first packet to the end of the last one: recordings of browsers do not state their duration,
    and others may state a wrong one. If the file takes too long to read, the stated one is used."""
    ticks = {stream.index: float(stream.time_base) for stream in _media_streams(container) if stream.time_base}
    begin, end = math.inf, -math.inf
    with suppress(Exception):  # truncated: it ends here
        for packet in container.demux([stream for stream in _media_streams(container) if stream.index in ticks]):
            if packet.pts is not None and not packet.is_discard:
                tick = ticks[packet.stream_index]
                begin = min(begin, packet.pts * tick)
                end = max(end, (packet.pts + (packet.duration or 0)) * tick)
            if time.monotonic() > deadline:
                end = -math.inf
                break
    seconds = end - begin if end > begin else (container.duration or 0) / av.time_base
    return round(seconds, 3) if 0 < seconds < MAX_SECONDS else None


def _media_streams(container: InputContainer) -> list[Stream]:
    return [stream for stream in (_video_stream(container), *container.streams.audio) if stream]


def _poster_facts(container: InputContainer, duration: float, deadline: float) -> Facts:
    video = _video_stream(container)
    if not video or video.width * video.height > MAX_FRAME_PIXELS:
        return {}
    frame = _frame(container, video, duration * POSTER_AT, deadline) or _frame(container, video, 0, deadline)
    if not frame:
        return {}
    size = _size(video)
    scale = min(1, max(THUMBNAIL_SIZES.values()) / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    turn = TURNS.get(frame.rotation)
    image: Image.Image = frame.to_image(width=width, height=height, interpolation="AREA", threads=1)  # type: ignore[no-untyped-call]
    if turn is not None:
        image = image.transpose(turn)
    if turn in SIDEWAYS:
        size = size[::-1]
    return {"width": size[0], "height": size[1], **previews.write(image)}


def _frame(container: InputContainer, video: VideoStream, seconds: float, deadline: float) -> VideoFrame | None:
    """The frame at this time, or one near it."""
    begin = (container.start_time or 0) / av.time_base
    with suppress(av.FFmpegError):  # without an index, decode from the current position
        container.seek(int((begin + seconds) * av.time_base))
    chosen = None
    for frame in _decoded(container, video, deadline):
        chosen = frame
        if frame.time is None or frame.time >= begin + seconds:
            break
    return chosen


def _decoded(container: InputContainer, stream: Stream, deadline: float) -> Iterator[Any]:
    """The intact frames of a stream, until the deadline."""
    for packet in container.demux(stream):
        with suppress(av.FFmpegError):
            yield from packet.decode()
        if time.monotonic() > deadline:
            return


def _waveform_facts(container: InputContainer, duration: float, deadline: float) -> Facts:
    if not 0 < duration <= WAVEFORM_SECONDS:
        return {}
    blocks = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=BLOCK)
    peaks: list[int] = []
    for frame in _decoded(container, container.streams.audio[0], deadline):
        peaks += map(_peak, blocks.resample(frame))
    if not peaks or time.monotonic() > deadline:
        return {}
    peaks += map(_peak, blocks.resample(None))
    return {"waveform": _waveform(peaks)}


def _peak(block: AudioFrame) -> int:
    samples = array("h", bytes(block.planes[0])[: 2 * block.samples])
    return max(max(samples), -min(samples))


def _waveform(peaks: list[int]) -> list[int]:
    """The peaks reduced to `WAVEFORM_PEAKS` numbers; the loudest is 100."""
    loudest = max(peaks) or 1
    edges = [number * len(peaks) // WAVEFORM_PEAKS for number in range(WAVEFORM_PEAKS + 1)]
    return [100 * max(peaks[begin : max(end, begin + 1)]) // loudest for begin, end in pairwise(edges)]
