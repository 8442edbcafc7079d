"""Pictures that move go on moving, and of several in one file the right ones are shown."""

import io

import pytest
from PIL import Image

from media.job import UnusableFile
from media.limits import MAX_FRAMES
from media.tests.avatars import is_like
from media.tests.files import BLUE, RED, animation, encode
from media.tests.pictures.images import opened

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_what_moves_goes_on_moving(kind, made):
    frames = [Image.new("RGB", (40, 40), (n * 40, 0, 255 - n * 40)) for n in range(6)]
    durations = [100, 200, 300, 40, 50, 60]
    moving = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=durations, loop=3)

    _, files = made(moving)

    content, shown = opened(files["content"]), []
    for number in range(content.n_frames):
        content.seek(number)
        content.load()
        shown.append((round(content.info["duration"]), content.convert("RGB").getpixel((20, 20))))
    assert [duration for duration, _ in shown] == durations
    assert all(is_like(pixel, (n * 40, 0, 255 - n * 40)) for n, (_, pixel) in enumerate(shown)), shown
    assert content.info["loop"] == 3
    assert is_like(opened(files["large"]).getpixel((20, 20)), (0, 0, 255))


def test_what_moves_and_is_transparent_does_not_smear(made):
    frames = []
    for number in range(4):
        frames.append(Image.new("RGBA", (40, 40)))
        frames[-1].paste((*RED, 255), (number * 10, 0, number * 10 + 10, 40))

    _, files = made(encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2))

    content = opened(files["content"])
    for number in range(4):
        content.seek(number)
        alphas = [content.convert("RGBA").getpixel((x, 20))[3] for x in (5, 15, 25, 35)]
        assert alphas == [255 * (x == number) for x in range(4)]


def test_moving_too_much_is_too_large(made):
    with pytest.raises(UnusableFile) as unfit:
        made(animation("GIF", MAX_FRAMES + 1))

    assert unfit.value.reason == "too_large"


def test_a_picture_for_old_viewers_is_not_part_of_what_moves(made):
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    still = Image.new("RGB", (40, 40), (20, 220, 20))

    _, files = made(encode(still, "PNG", save_all=True, default_image=True, append_images=frames, duration=80))

    assert opened(files["content"]).n_frames == 2
    assert is_like(opened(files["small"]).getpixel((5, 5)), RED)


def test_of_the_pictures_in_one_jpeg_the_first_counts(made):
    main, depth = Image.new("RGB", (80, 60), RED), Image.new("RGB", (80, 60), BLUE)
    main.save(file := io.BytesIO(), "MPO", save_all=True, append_images=[depth])

    answer, files = made(file.getvalue())

    assert answer["mime_type"] == "image/jpeg"
    assert getattr(opened(files["content"]), "n_frames", 1) == 1
    assert is_like(opened(files["content"]).getpixel((5, 5)), RED)
    assert len(files["content"]) < 2000


def test_a_film_that_is_cut_off_moves_as_far_as_it_goes(made):
    _, files = made(animation("GIF", 50)[:-100])

    assert 1 < opened(files["content"]).n_frames < 50


def test_a_moving_avif_goes_on_moving(made):
    answer, files = made(animation("AVIF", 5))

    assert answer["mime_type"] == "image/webp"
    assert opened(files["content"]).n_frames > 1
