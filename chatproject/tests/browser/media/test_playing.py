"""Films and recordings are seen and heard, files are downloaded, and all of it is found again."""

import re

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.media.attachments import PDF, file, is_loaded, png, send
from media.tests import films

pytestmark = pytest.mark.browser
FRAME = "film => film.readyState >= 2 && film.videoWidth > 0"


@pytest.mark.parametrize(("kind", "mime_type"), [("mp4", "video/mp4"), ("webm", "video/webm"), ("vp9", "video/webm")])
def test_a_film_is_seen_by_the_other_one(pair, kind: str, mime_type: str) -> None:
    alice, bob = pair
    send(alice, file(f"film.{kind}", films.film(kind), mime_type))

    tile = bob.find("message").last.get_by_test_id("video")
    is_loaded(tile.locator("img"))
    expect(tile).to_contain_text("0:02")
    tile.click()
    shown = bob.find("lightbox").get_by_test_id("shown")
    bob.page.wait_for_function(FRAME, arg=shown.element_handle())
    assert shown.evaluate("film => film.duration") == pytest.approx(2, abs=0.3)
    assert shown.evaluate("film => film.videoWidth") == 320


def test_a_recording_is_sent_as_a_file_and_heard(pair) -> None:
    alice, bob = pair
    send(alice, file("song.ogg", films.voice("ogg"), "audio/ogg"))

    bob.find("play").click()
    audio = bob.find("audio").locator("audio")
    bob.page.wait_for_function("audio => audio.currentTime > 0 && audio.duration", arg=audio.element_handle())
    assert audio.evaluate("audio => audio.duration") == pytest.approx(3, abs=0.2)


def test_somebody_speaks_and_the_other_one_listens(pair) -> None:
    alice, bob = pair
    alice.find("record").click()
    expect(alice.find("recording-time")).to_have_text("0:02")
    alice.find("stop-recording").click()
    expect(alice.find("chosen").get_by_test_id("voice")).to_be_visible()
    alice.find("composer").press("Enter")

    expect(bob.find("conversation-item").first).to_contain_text(re.compile(r"Voice message 0:0\d"))
    voice = bob.find("message").last.get_by_test_id("voice")
    expect(voice.locator("i")).to_have_count(64)
    voice.get_by_test_id("play").click()
    bob.page.wait_for_function("audio => audio.currentTime > 0.3", arg=voice.locator("audio").element_handle())
    expect(voice.locator(".heard").first).to_be_visible()
    voice.get_by_test_id("play").click()
    voice.get_by_role("slider").click(position={"x": 2, "y": 10})
    expect(voice.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("0:00 of 0:0[2-6]"))
    voice.get_by_role("slider").press("ArrowRight")
    assert voice.locator("audio").evaluate("audio => audio.currentTime") > 1


def test_what_plays_goes_on_while_its_message_changes(pair) -> None:
    alice, bob = pair
    send(alice, file("song.ogg", films.voice("ogg", seconds=9), "audio/ogg"))
    expect(bob.find("play-time")).to_have_text("0:09")
    bob.find("play").click()
    audio = bob.find("audio").locator("audio")
    bob.page.wait_for_function("audio => audio.currentTime > 0", arg=audio.element_handle())
    alice.find("message").last.hover()
    alice.find("message").last.get_by_test_id("react").click()
    alice.find("picker").get_by_role("button", name="🎉").click()

    expect(bob.find("reaction-🎉")).to_be_visible()
    assert audio.evaluate("audio => [audio.paused, audio.currentTime > 0]") == [False, True]


def test_files_are_reached_by_the_keyboard(pair) -> None:
    alice, bob = pair
    send(alice, file("song.ogg", films.voice("ogg", seconds=9), "audio/ogg"), text="Listen")
    expect(bob.find("play-time")).to_have_text("0:09")
    bob.message("Listen").focus()
    bob.page.keyboard.press("Enter")
    bob.page.get_by_role("menuitem", name="Play").press("Enter")
    place = bob.page.get_by_role("slider", name="Place in song.ogg")
    expect(place).to_be_focused()
    audio = bob.find("audio").locator("audio")
    bob.page.wait_for_function("audio => audio.currentTime > 0", arg=audio.element_handle())
    bob.page.keyboard.press("ArrowRight")
    bob.page.keyboard.press("Space")
    assert audio.evaluate("audio => [audio.paused, audio.currentTime > 4]") == [True, True]

    bob.message("Listen").focus()
    bob.page.keyboard.press("Enter")
    with bob.page.expect_download() as download:
        bob.page.get_by_role("menuitem", name="Download").press("Enter")
    assert download.value.suggested_filename == "song.ogg"


def test_a_file_is_downloaded_by_the_name_it_has(pair) -> None:
    alice, bob = pair
    send(alice, file("the plan.pdf", PDF, "application/pdf"))

    expect(bob.find("conversation-item").first).to_contain_text("File the plan.pdf")
    chip = bob.find("message").last.get_by_test_id("file")
    expect(chip).to_contain_text("the plan.pdf")
    with bob.page.expect_download() as download:
        chip.click()
    assert download.value.suggested_filename == "the plan.pdf"
    assert download.value.path().read_bytes() == PDF


def test_everything_that_was_sent_is_found_again(pair) -> None:
    alice, bob = pair
    send(alice, png(), text="A picture")
    send(alice, file("plan.pdf", PDF, "application/pdf"), text="A plan")
    bob.choose_here("menu-media")
    is_loaded(bob.find("shelf-photos").locator("img"))
    bob.find("tab-files").click()
    expect(bob.find("shelf-item")).to_contain_text("plan.pdf")
    bob.find("shelf-item").get_by_test_id("go-to-message").click()
    expect(bob.find("shelf")).to_have_count(0)
    expect(bob.message("A plan")).to_be_focused()
