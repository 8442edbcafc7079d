"""Processing videos and sounds."""

import io
import struct

import pytest
from PIL import Image

from media import sandbox
from media.job import UnusableFile
from media.tests import films
from media.tests.avatars import is_like
from media.tests.corpus import _stated as stated
from media.tests.corpus import _with_cover as with_cover
from media.tests.files import BLUE, RED, picture
from media.tests.films import FILMS, VOICES, film, song, voice

pytestmark = pytest.mark.plain

NOTHING = dict.fromkeys(("width", "height", "placeholder", "small", "large"))


@pytest.fixture
def read(looked_at):
    """What the job answers, and the previews that it wrote."""

    def read(content):
        answer, previews = looked_at("media.recordings:recording", sandbox.RECORDING, content)
        return answer, {name: Image.open(io.BytesIO(one)) for name, one in previews.items() if name != "content"}

    return read


@pytest.mark.parametrize("kind", FILMS)
def test_a_film_has_a_size_a_length_and_a_poster(kind, read):
    answer, previews = read(film(kind))

    assert (answer["kind"], answer["mime_type"], answer["waveform"]) == ("video", None, None)
    assert (answer["width"], answer["height"]) == (320, 240)
    assert answer["duration"] == pytest.approx(2, abs=0.1)
    assert answer["placeholder"].startswith("data:image/webp;base64,")
    assert {name: image.size for name, image in previews.items()} == {"small": (320, 240), "large": (320, 240)}


def test_the_poster_is_not_the_black_with_which_it_begins(read):
    _, previews = read(film("mp4"))

    for image in previews.values():
        assert is_like(image.getpixel((50, 100)), RED)
        assert is_like(image.getpixel((270, 100)), BLUE)


def test_the_poster_of_a_large_film_is_small(read):
    answer, previews = read(film("mp4", size=(1920, 1080), seconds=0.3))

    assert (answer["width"], answer["height"]) == (1920, 1080)
    assert [previews[name].size for name in ("small", "large")] == [(320, 180), (1280, 720)]


@pytest.mark.parametrize(("rotation", "size"), [(90, (240, 320)), (-90, (240, 320)), (180, (320, 240))])
def test_a_film_is_shown_upright(rotation, size, read):
    answer, previews = read(film("mp4", rotation=rotation))

    assert (answer["width"], answer["height"]) == previews["large"].size == size
    width, height = size
    red = {90: (width // 2, height - 9), -90: (width // 2, 9), 180: (width - 9, height // 2)}[rotation]
    assert is_like(previews["large"].getpixel(red), RED)


def test_pixels_that_are_not_square_are_counted_as_seen(read):
    answer, previews = read(film("mp4", ratio="4/3"))

    assert (answer["width"], answer["height"]) == previews["large"].size == (427, 240)


@pytest.mark.parametrize("kind", VOICES)
def test_a_sound_has_a_length_and_a_waveform(kind, read):
    answer, _ = read(voice(kind))

    assert answer.items() >= {"kind": "audio", **NOTHING}.items()
    assert answer["duration"] == pytest.approx(3, abs=0.1)
    peaks = answer["waveform"]
    assert (len(peaks), max(peaks)) == (64, 100)
    assert min(peaks[:31]) > 80
    assert max(peaks[35:]) < 5


def test_a_container_without_pictures_is_a_sound(read):
    assert read(voice("webm"))[0]["mime_type"] == "audio/webm"
    assert read(voice("m4a").replace(b"M4A ", b"isom", 1))[0]["mime_type"] == "audio/mp4"
    assert read(voice("ogg"))[0]["mime_type"] is None


def test_what_a_browser_records_does_not_say_how_long_it_is_but_is_measured(read):
    whole = film("webm", voice="libopus", live=True)
    assert b"\x44\x89" not in whole[:300]

    answer, previews = read(whole)

    assert answer["duration"] == pytest.approx(2, abs=0.1)
    assert previews["large"].size == (320, 240)
    assert read(voice("webm", live=True))[0]["duration"] == pytest.approx(3, abs=0.1)


def test_a_film_in_fragments_is_measured_too(read):
    answer, previews = read(film("mp4", live=True, movflags="frag_keyframe+empty_moov"))

    assert answer["duration"] == pytest.approx(2, abs=0.25)
    assert previews


def test_a_length_that_is_a_lie_is_not_believed(read):
    answer, _ = read(stated(film("mp4"), b"mvhd", 16, ">I", 2**32 - 1))

    assert answer["duration"] == pytest.approx(2, abs=0.1)


def test_a_song_with_a_cover_is_a_sound(read):
    for whole in (song(), with_cover(picture())):
        answer, _ = read(whole)
        assert (answer["kind"], answer["duration"]) == ("audio", pytest.approx(1, abs=0.1))
        assert answer["waveform"]


def test_silence_is_flat(read):
    head = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0" + struct.pack("<IIHH", 8000, 16000, 2, 16)

    assert read(head + b"data" + struct.pack("<I", 16_000) + bytes(16_000))[0]["waveform"] == [0] * 64


def test_a_very_short_sound_has_all_its_peaks(read):
    answer, _ = read(voice("wav", seconds=0.1))

    assert len(answer["waveform"]) == 64


def test_a_long_sound_has_no_waveform(read):
    head = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0" + struct.pack("<IIHH", 1000, 1000, 1, 8)
    answer, _ = read(head + b"data" + struct.pack("<I", 1_000_000) + bytes(1_000_000))

    assert (answer["duration"], answer["waveform"]) == (1000, None)


def test_of_a_film_that_cannot_be_decoded_the_rest_is_known(read):
    whole = film("mp4")
    at = whole.find(b"avcC")
    answer, previews = read(whole[: at + 4] + b"\xff" * 30 + whole[at + 34 :])

    assert (answer["kind"], answer["width"], answer["height"]) == ("video", 320, 240)
    assert answer["duration"] == pytest.approx(2, abs=0.1)
    assert (previews, answer["placeholder"]) == ({}, None)


def test_a_film_that_ends_too_soon_is_as_long_as_it_is(read):
    whole = film("webm", seconds=4)
    answer, previews = read(whole[: len(whole) // 2])

    assert 0.5 < answer["duration"] < 3.5
    assert previews


def test_frames_that_are_too_large_are_not_decoded(read):
    answer, previews = read(film("mov", size=(4400, 2400), seconds=0.2))

    assert (answer["width"], answer["height"], previews) == (4400, 2400, {})


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("what", ["a playlist", "a list of parts", "noise", "nothing", "text", "a picture"])
def test_an_unknown_container_is_refused(what, tmp_path, read):
    (tmp_path / "film.mp4").write_bytes(film("mp4"))
    content = {
        "a playlist": PLAYLIST % str(tmp_path / "film.mp4").encode(),
        "a list of parts": b"ffconcat version 1.0\nfile %s\n" % str(tmp_path / "film.mp4").encode(),
        "noise": b"\x1aE\xdf\xa3" + bytes(range(256)) * 10,
        "nothing": b"",
        "text": b"hello",
        "a picture": picture("JPEG"),
    }[what]

    with pytest.raises(UnusableFile) as unfit:
        read(content)

    assert unfit.value.reason == "corrupt"


def test_a_film_does_not_lead_to_other_files(tmp_path, read):
    (tmp_path / "other").write_bytes(film("mp4"))
    at = (whole := film("mov")).find(b"url ")
    assert at > 0
    path = str(tmp_path / "other").encode() + b"\0"
    entry = struct.pack(">I4sI", 12 + len(path), b"url ", 0) + path

    answer, _ = read(whole[: at - 4] + entry + whole[at + 8 :])

    assert answer["kind"] == "video" or answer["duration"] is None


def test_the_makers_make_what_they_say():
    assert film("mp4")[4:8] == b"ftyp"
    assert films.voice("flac").startswith(b"fLaC")
