"""Films and sounds, looked into and packed anew: how large, how long, and what to show of them. Runs in the sandbox."""

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
from media.job import Unfit
from media.limits import MAX_FRAME_PIXELS, THUMBNAIL_SIZES, WAVEFORM_PEAKS, WAVEFORM_SECONDS
from media.remuxing import remux
from media.signatures import HEAD, known

FORMATS = "mov,matroska,ogg,mp3,wav,flac,aac,avi,amr,caf,aiff"
"""The only containers that are opened: a playlist would fetch what it names."""
CODECS = (
    "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,h263,mpeg2video,theora,mjpeg,"
    "aac,mp3,mp3float,opus,libopus,vorbis,flac,alac,amrnb,amrwb,ac3,"
    "adpcm_ima_qt,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_alaw,pcm_mulaw"
)
"""Of the hundreds that FFmpeg can decode, those that one meets."""
OPTIONS = {"codec_whitelist": CODECS, "threads": "1"}
SOUNDS = {"video/quicktime": "audio/mp4", "video/3gpp": "audio/mp4"}
"""What a film without pictures is called where `audio/` in front of its name makes no name."""
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, -90: Image.Transpose.ROTATE_270}
TURNS[-180] = TURNS[180]
SIDEWAYS = (TURNS[90], TURNS[-90])
CONTENT = "content"
ANYWHERE = ("audio/mp4", "audio/mpeg", "audio/wav", "audio/flac", "audio/aac")
UNHEARD = ("opus", "libopus", "vorbis", "amrnb", "amrwb", "ac3")
"""Codecs that some devices do not play, whatever they lie in."""
AAC_OPTIONS = {"fflags": "+bitexact", "movflags": "+faststart", "brand": "M4A "}
AAC_RATE, AAC_BITS, AAC_FRAME = 48_000, 64_000, 1024
"""Of a rendition: samples in a second, bits in a second for each channel, samples in a frame."""
BARE = {"aac": "audio/aac"}
"""What may begin with the tags of an MP3."""
POSTER_AT = 0.1
READING, WATCHING, LISTENING = 4, 6, 8
"""Seconds from the beginning after which one makes do with what there is."""
RATE, BLOCK = 8000, 80
"""Of the sound that a waveform is drawn of: samples in a second, and of how many the peak is kept."""
MAX_SECONDS = 10_000_000
"""A longer duration is a lie, or damage."""


Facts = dict[str, Any]


def recording(file: BinaryIO) -> Facts:
    """Write the previews of a film, and the recording anew, without what one neither sees nor hears. Returns `{kind,
    mime_type, width, height, duration, waveform, placeholder, small, large, content, plays_anywhere}`, each but the
    first None where there is none: `kind` is "video" or "audio", `mime_type` is given when the first bytes alone
    mislead, `width` and `height` are those one sees, `duration` is in seconds, `waveform` is `WAVEFORM_PEAKS` numbers
    from 0 to 100, and `content` is missing when it cannot be packed anew.

    Raises `Unfit`: `corrupt` when it is no container that is known, or when there is nothing to see or hear in it.
    """
    facts: Facts = dict.fromkeys(
        ("width", "height", "duration", "waveform", "placeholder", "small", "large", "content")
    )
    began = time.monotonic()
    with _opened(file) as container:
        film = _film(container)
        if not film and not container.streams.audio:
            raise Unfit("corrupt")
        form = container.format.name
        facts |= {"kind": "video" if film else "audio", "duration": _duration(container, began + READING)}
        if film and film.codec_context and film.width and film.height:
            facts |= dict(zip(("width", "height"), _size(film), strict=True))
    sniffed = _sniffed(file)
    facts["mime_type"] = BARE.get(form) or _mime_type(sniffed, facts["kind"])
    with suppress(Exception), _opened(file) as container:  # what cannot be decoded can still be kept
        if facts["kind"] == "video":
            facts |= _seen(container, facts["duration"] or 0, began + WATCHING)
        else:
            facts |= _heard(container, facts["duration"] or 0, began + LISTENING)
    with suppress(Exception), _opened(file) as container:
        mime_type = facts["mime_type"] or sniffed
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        remux(container, _heard_or_seen(container), mime_type, CONTENT)
        facts |= {"content": CONTENT, "plays_anywhere": mime_type in ANYWHERE and sound not in UNHEARD}
    return facts


def aac(file: BinaryIO) -> Facts:
    """Write the sound as AAC, which plays on every device. Returns `{content}`.

    Raises `Unfit` (`corrupt`) when it cannot be decoded.
    """
    with _opened(file) as source, av.open(CONTENT, "w", format="mp4", options=AAC_OPTIONS) as target:
        sound = source.streams.audio[0]
        channels = min(sound.channels, 2)
        layout = "stereo" if channels == 2 else "mono"
        copy = target.add_stream("aac", rate=AAC_RATE, layout=layout, bit_rate=channels * AAC_BITS)
        shaped = av.AudioResampler(format="fltp", layout=layout, rate=AAC_RATE, frame_size=AAC_FRAME)
        for frame in _decoded(source, sound, math.inf):
            for one in shaped.resample(frame):
                target.mux(copy.encode(one))
        for one in shaped.resample(None):
            target.mux(copy.encode(one))
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
            io_open=_nothing_else,
        )
    except Exception as error:  # whatever a broken file makes FFmpeg stumble over
        raise Unfit("corrupt") from error
    with container:
        for stream in container.streams:
            if stream.codec_context:
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {**OPTIONS, "max_pixels": str(MAX_FRAME_PIXELS)}
        yield container


def _nothing_else(url: str, flags: int, options: dict[str, str]) -> None:
    raise PermissionError("A container may not name other files.")


def _film(container: InputContainer) -> VideoStream | None:
    """What moves: the cover of an album does not."""
    moving = [one for one in container.streams.video if Disposition.attached_pic not in one.disposition]
    return moving[0] if moving else None


def _sniffed(file: BinaryIO) -> str:
    file.seek(0)
    return known(file.read(HEAD))


def _mime_type(sniffed: str, kind: str) -> str | None:
    family, _, name = sniffed.partition("/")
    if family == kind or family not in ("audio", "video"):
        return None
    return SOUNDS.get(sniffed, f"{kind}/{name}")


def _size(film: VideoStream) -> tuple[int, int]:
    """Width and height with square pixels, not yet turned."""
    ratio = film.sample_aspect_ratio or 1
    return round(film.width * (ratio if 1 / 4 <= ratio <= 4 else 1)), film.height


def _duration(container: InputContainer, deadline: float) -> float | None:
    """From the first packet to the end of the last: what browsers record does not say how long it is, and what others
    say may not be true. What is too much to read has to be believed."""
    ticks = {one.index: float(one.time_base) for one in _heard_or_seen(container) if one.time_base}
    begin, end = math.inf, -math.inf
    with suppress(Exception):  # cut off: it ends here
        for packet in container.demux([one for one in _heard_or_seen(container) if one.index in ticks]):
            if packet.pts is not None and not packet.is_discard:
                tick = ticks[packet.stream_index]
                begin = min(begin, packet.pts * tick)
                end = max(end, (packet.pts + (packet.duration or 0)) * tick)
            if time.monotonic() > deadline:
                end = -math.inf
                break
    seconds = end - begin if end > begin else (container.duration or 0) / av.time_base
    return round(seconds, 3) if 0 < seconds < MAX_SECONDS else None


def _heard_or_seen(container: InputContainer) -> list[Stream]:
    return [one for one in (_film(container), *container.streams.audio) if one]


def _seen(container: InputContainer, duration: float, deadline: float) -> Facts:
    film = _film(container)
    if not film or film.width * film.height > MAX_FRAME_PIXELS:
        return {}
    frame = _frame(container, film, duration * POSTER_AT, deadline) or _frame(container, film, 0, deadline)
    if not frame:
        return {}
    size = _size(film)
    scale = min(1, max(THUMBNAIL_SIZES.values()) / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    turn = TURNS.get(frame.rotation)
    image: Image.Image = frame.to_image(width=width, height=height, interpolation="AREA", threads=1)  # type: ignore[no-untyped-call]
    if turn is not None:
        image = image.transpose(turn)
    if turn in SIDEWAYS:
        size = size[::-1]
    return {"width": size[0], "height": size[1], **previews.write(image)}


def _frame(container: InputContainer, film: VideoStream, seconds: float, deadline: float) -> VideoFrame | None:
    """The frame that is shown after so many seconds, or one near it."""
    begin = (container.start_time or 0) / av.time_base
    with suppress(av.FFmpegError):  # without an index, one watches from where one is
        container.seek(int((begin + seconds) * av.time_base))
    chosen = None
    for frame in _decoded(container, film, deadline):
        chosen = frame
        if frame.time is None or frame.time >= begin + seconds:
            break
    return chosen


def _decoded(container: InputContainer, stream: Stream, deadline: float) -> Iterator[Any]:
    """The frames of a stream, without those that are damaged, until the deadline."""
    for packet in container.demux(stream):
        with suppress(av.FFmpegError):
            yield from packet.decode()
        if time.monotonic() > deadline:
            return


def _heard(container: InputContainer, duration: float, deadline: float) -> Facts:
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
    """As many numbers as there should be, of however many there are; the loudest is 100."""
    loudest = max(peaks) or 1
    edges = [number * len(peaks) // WAVEFORM_PEAKS for number in range(WAVEFORM_PEAKS + 1)]
    return [100 * max(peaks[begin : max(end, begin + 1)]) // loudest for begin, end in pairwise(edges)]
