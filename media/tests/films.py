"""Videos and sounds to upload, a few seconds of each kind."""

import io
from array import array
from fractions import Fraction
from math import pi, sin

import av
from PIL import Image

from media.tests.files import BLUE, RED

RATE = 48_000
VOICES = {
    "ogg": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "mp3": ("mp3", "libmp3lame"),
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "amr": ("amr", "libopencore_amrnb"),
    "caf": ("caf", "pcm_s16be"),
    "aiff": ("aiff", "pcm_s16be"),
}
"""The container and the codec of a sound."""
SHAPES = {"amr": {"rate": 8000, "layout": "mono"}}
FILMS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "mpeg4"),
    "webm": ("webm", "libvpx"),
    "vp9": ("webm", "libvpx-vp9"),
    "mkv": ("matroska", "libx264"),
    "avi": ("avi", "mpeg4"),
}


class Unseekable(io.RawIOBase):
    """Where nothing can be written twice, as in a browser: the container never learns how long it became."""

    def __init__(self):
        self.content = bytearray()

    def writable(self):
        return True

    def write(self, some):
        self.content += bytes(some)
        return len(some)

    def seekable(self):
        return False


def film(
    kind="mp4", *, seconds=2, size=(320, 240), voice=None, layout="mono", live=False, rotation=0, ratio=None, **options
):
    """Black at first, then red on the left and blue on the right. `live` as browsers record, `rotation` as phones
    film: so many degrees counter-clockwise are to be turned back."""
    form, codec = FILMS[kind]
    with _written(form, live, options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = size
        stream.pix_fmt, stream.codec_context.thread_count, stream.codec_context.gop_size = "yuv420p", 1, 5
        if rotation:
            stream.set_display_rotation(rotation)
        if ratio:
            stream.codec_context.sample_aspect_ratio = Fraction(ratio)
        sound = container.add_stream(voice, rate=RATE, layout=layout) if voice else None
        if sound:
            sound.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis
        for number in range(round(10 * seconds)):
            frame = av.VideoFrame.from_image(_picture(size, is_black=number == 0)).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            _speak(container, sound, seconds)
    return container.content


def voice(kind="ogg", *, seconds=3, live=False, **options):
    """A sound that is loud for the first half, and silent for the second."""
    form, codec = VOICES[kind]
    with _written(form, live, options) as container:
        _speak(container, container.add_stream(codec, **SHAPES.get(kind, {"rate": RATE})), seconds)
    return container.content


def tagged(whole, tags, **options):
    """The same file with these words about it and about each of its streams."""
    with av.open(io.BytesIO(whole)) as source:
        form = {"mov,mp4,m4a,3gp,3g2,mj2": "mov" if b"ftypqt" in whole[:16] else "mp4", "matroska,webm": "matroska"}
        name = form.get(source.format.name, source.format.name)
        name = "webm" if b"webm" in whole[:100] else name
        with _written(name, False, options) as target:
            target.container.metadata.update(tags)
            ways = {one.index: target.container.add_stream_from_template(one) for one in source.streams}
            for way in ways.values():
                way.metadata.update(tags)
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = ways[packet.stream_index]
                    target.container.mux(packet)
    return target.content


def subtitled(words):
    """A film that says so in a track of its own, as drones write where they fly."""
    spoken = b"1\n00:00:00,000 --> 00:00:01,000\n" + words + b"\n"
    with (
        av.open(io.BytesIO(film("mkv", seconds=0.5))) as source,
        av.open(io.BytesIO(spoken), format="srt") as said,
        _written("matroska", False, {}) as target,
    ):
        ways = {one: target.container.add_stream_from_template(one.streams[0]) for one in (said, source)}
        for one, way in ways.items():
            for packet in one.demux():
                if packet.dts is not None:
                    packet.stream = way
                    target.container.mux(packet)
    return target.content


def with_sei(whole, words):
    """The film with words between its pictures, as cameras of cars write where they are."""
    payload = bytes(16) + words
    unit = b"\x06\x05" + bytes([len(payload)]) + payload + b"\x80"
    with av.open(io.BytesIO(whole)) as source, _written("mp4", False, {}) as target:
        way = target.container.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                said = av.Packet(len(unit).to_bytes(4, "big") + unit + bytes(packet))
                said.pts, said.dts, said.duration, said.time_base = (
                    packet.pts,
                    packet.dts,
                    packet.duration,
                    packet.time_base,
                )
                said.is_keyframe, said.stream = packet.is_keyframe, way
                target.container.mux(said)
    return target.content


def song():
    """An MP3 with a cover."""
    with _written("mp3", False, {}) as container:
        sound = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_image(_picture((64, 64))).reformat(format="yuvj420p")
        container.mux(cover.encode(frame))
        container.mux(cover.encode())
        _speak(container, sound, 1)
    return container.content


class _written:  # noqa: N801 (reads as the function that it could be)
    """An open container; afterwards `content` is the file."""

    def __init__(self, form, live, options):
        self.file = Unseekable() if live else io.BytesIO()
        self.container = av.open(self.file, "w", form, options=options)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.container.close()
        self.content = bytes(self.file.content if isinstance(self.file, Unseekable) else self.file.getvalue())

    def add_stream(self, codec, **how):
        return self.container.add_stream(codec, **how)

    def mux(self, packets):
        self.container.mux(packets)


def _picture(size, *, is_black=False):
    image = Image.new("RGB", size, (0, 0, 0) if is_black else RED)
    if not is_black:
        image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def _speak(container, stream, seconds):
    form = stream.codec_context.format.name if stream.codec_context.format else "s16"
    shaped = av.AudioResampler(format=form, layout=stream.layout.name, rate=stream.rate, frame_size=stream.rate // 50)
    samples = array("h", (round(20_000 * sin(2 * pi * 440 * n / RATE)) for n in range(round(seconds * RATE / 2))))
    samples.extend([0] * len(samples))
    for begin in range(0, len(samples), 960):
        some = samples[begin : begin + 960]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(some))
        frame.planes[0].update(some.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
        for one in shaped.resample(frame):
            container.mux(stream.encode(one))
    for one in shaped.resample(None):
        container.mux(stream.encode(one))
    container.mux(stream.encode(None))
