"""People send one another pictures, films, recordings and files, and see, hear and get what was sent."""

import re
import secrets
import shutil

import pytest
from playwright.sync_api import Locator, expect, sync_playwright

from chatproject.tests.browser.conftest import QUIET
from chatproject.tests.browser.tab import STORED, Tab
from media.tests import files, films

pytestmark = pytest.mark.browser

FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
FRAME = "film => film.readyState >= 2 && film.videoWidth > 0"
LOADED = "image => image.complete && image.naturalWidth"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
SLOW = 300_000
"""Bytes a second, for whom a file takes its time."""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        args = [*QUIET, *FAKE_MICROPHONE, "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=args)
        yield browser
        browser.close()


@pytest.fixture
def pair(people):
    """alice and bob, who look at the conversation they have."""
    alice, bob = people("alice", "bob")
    alice.open_direct(bob.name)
    alice.say("Hello")
    bob.open_first()
    expect(bob.message("Hello")).to_be_visible()
    return alice, bob


def file(name: str, content: bytes, mime_type: str) -> dict:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def png(name: str = "picture.png", size: tuple[int, int] = (300, 200)) -> dict:
    return file(name, files.two_halves(size=size), "image/png")


def choose(one: Tab, *chosen: dict) -> None:
    """Pick files for the next message."""
    one.find("files").first.set_input_files(list(chosen))
    expect(one.find("chosen")).to_have_count(len(chosen))


def send(one: Tab, *chosen: dict, text: str = "") -> Locator:
    """Send a message with files. Returns it, when the server has it."""
    choose(one, *chosen)
    one.say(text)
    last = one.find("message").last
    expect(last).to_have_attribute("data-status", STORED)
    return last


def is_loaded(image: Locator) -> None:
    """The picture is there, and shows something."""
    expect(image).to_have_class("loaded")
    assert image.evaluate(LOADED)


def bytes_at(one: Tab, url: str) -> tuple[int, str]:
    """What the page gets from an address: the status, and the bytes as Latin-1."""
    get = """async (url) => {
        const answer = await fetch(url);
        return [answer.status, new TextDecoder("latin1").decode(await answer.arrayBuffer())];
    }"""
    return tuple(one.page.evaluate(get, url))


def transfer(one: Tab, chosen: dict):
    """A file as it is dragged or copied."""
    make = """([name, type, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
        return transfer;
    }"""
    return one.page.evaluate_handle(make, [chosen["name"], chosen["mimeType"], list(chosen["buffer"])])


def test_a_photo_arrives_upright_and_does_not_say_where_it_was_taken(pair) -> None:
    alice, bob = pair
    send(alice, file("IMG_1.jpg", files.photograph(), "image/jpeg"), text="From the park")

    image = bob.message("From the park").get_by_test_id("image").locator("img")
    is_loaded(image)
    assert image.evaluate("image => image.naturalWidth < image.naturalHeight")
    bob.message("From the park").get_by_test_id("image").click()
    shown = bob.find("lightbox").get_by_test_id("shown")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [480, 640]
    status, content = bytes_at(bob, shown.get_attribute("src"))
    assert status == 200
    assert "Secret" not in content


def test_a_moving_picture_moves(pair) -> None:
    alice, bob = pair
    send(alice, file("cat.gif", files.animation(frames=20), "image/gif"))

    image = bob.find("message").last.get_by_test_id("image").locator("img")
    is_loaded(image)
    status, content = bytes_at(bob, image.get_attribute("src"))
    assert status == 200
    assert content.startswith(("GIF8", "RIFF"))
    assert len(re.findall("ANMF|\x21\xf9\x04", content)) > 1


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


def test_words_to_a_picture_are_changed_and_it_is_answered(pair) -> None:
    alice, bob = pair
    send(alice, png(), text="A caat")
    alice.choose("A caat", "Edit")
    expect(alice.find("attach")).to_be_hidden()
    alice.say("")
    picture = bob.find("message").filter(has=bob.find("image"))
    expect(picture.locator(".text")).to_have_count(0)
    is_loaded(picture.locator("img"))

    picture.hover()
    picture.get_by_test_id("message-menu").click()
    bob.page.get_by_role("menuitem", name="Reply", exact=True).click()
    expect(bob.page.locator(".aim")).to_contain_text("Photo")
    bob.say("Nice")
    expect(alice.message("Nice").locator(".quote")).to_contain_text("Photo")


def test_a_file_is_taken_out_of_a_message(pair) -> None:
    alice, bob = pair
    send(alice, png("one.png"), png("two.png"), text="Two of them")
    expect(bob.message("Two of them").get_by_test_id("image")).to_have_count(2)
    alice.choose("Two of them", "Edit")
    alice.find("kept").get_by_role("button", name="Remove one.png").click()
    alice.say("One of them")

    expect(bob.message("One of them").get_by_test_id("image")).to_have_count(1)
    expect(bob.message("One of them").get_by_test_id("image")).to_have_attribute("title", re.compile("two"))
    expect(alice.find("kept")).to_be_hidden()


def test_a_picture_answers_in_a_thread(pair) -> None:
    alice, bob = pair
    bob.choose("Hello", "Reply in thread")
    thread = bob.find("thread")
    thread.get_by_test_id("files").set_input_files(png())
    thread.get_by_test_id("thread-composer").press("Enter")
    is_loaded(thread.locator("img"))
    alice.find("open-thread").click()
    is_loaded(alice.find("thread").locator("img"))
    expect(alice.page.locator(".talk").get_by_test_id("image")).to_have_count(0)


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


def test_progress_is_shown_and_a_file_can_be_given_up(pair) -> None:
    alice, bob = pair
    network = alice.context.new_cdp_session(alice.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW}
    network.send("Network.emulateNetworkConditions", slow)
    choose(alice, file("large.bin", secrets.token_bytes(3_000_000), "application/octet-stream"))
    bar = alice.find("tray").get_by_role("progressbar")
    alice.page.wait_for_function("bar => bar.value > 0.05 && bar.value < 0.95", arg=bar.element_handle())
    alice.find("cancel-upload").click()
    expect(alice.find("chosen")).to_have_count(0)

    choose(alice, png(), file("large.bin", secrets.token_bytes(1_500_000), "application/octet-stream"))
    alice.say("On its way")
    expect(alice.message("On its way")).to_have_attribute("data-status", "pending")
    expect(alice.message("On its way").get_by_test_id("image")).to_be_visible()
    alice.say("Overtaking")
    expect(bob.message("Overtaking")).to_be_visible()
    alice.message("On its way").get_by_test_id("cancel-upload").last.click()

    expect(bob.message("On its way").get_by_test_id("image")).to_be_visible()
    expect(bob.message("On its way").get_by_test_id("file")).to_have_count(0)


def test_a_message_of_which_all_files_are_given_up_is_gone(pair) -> None:
    alice, _ = pair
    alice.page.route("**/api/v1/media/", lambda route: None)
    choose(alice, png())
    alice.say("")
    expect(alice.find("message")).to_have_count(2)
    alice.find("message").last.get_by_test_id("cancel-upload").click()
    expect(alice.find("message")).to_have_count(1)


def test_a_refused_file_is_told_and_tried_again(pair) -> None:
    alice, bob = pair
    alice.page.route(
        "**/api/v1/media/", lambda route: route.fulfill(status=413, json={"code": "too_large", "detail": "No."})
    )
    choose(alice, png())
    expect(alice.find("chosen")).to_have_attribute("data-status", "failed")
    alice.say("Look")
    expect(alice.message("Look")).to_have_attribute("data-status", "failed")
    alice.page.unroute("**/api/v1/media/")
    alice.message("Look").locator(".failure").get_by_role("button", name="Try again").click()

    is_loaded(bob.message("Look").get_by_test_id("image").locator("img"))


def test_files_are_dropped_on_the_conversation(pair) -> None:
    alice, bob = pair
    talk = alice.page.locator(".talk")
    dragged = transfer(alice, png())
    talk.dispatch_event("dragenter", {"dataTransfer": dragged})
    expect(alice.find("drop-zone").first).to_be_visible()
    talk.dispatch_event("drop", {"dataTransfer": dragged})
    expect(alice.find("drop-zone").first).to_be_hidden()
    expect(alice.find("chosen")).to_contain_text("picture.png")
    alice.find("send").click()

    is_loaded(bob.find("message").last.get_by_test_id("image").locator("img"))


def test_a_picture_is_pasted(pair) -> None:
    alice, bob = pair
    paste = """(field, clipboardData) =>
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))"""
    alice.find("composer").evaluate(paste, transfer(alice, png()))
    expect(alice.find("chosen")).to_have_count(1)
    alice.say("Pasted")

    is_loaded(bob.message("Pasted").get_by_test_id("image").locator("img"))


def test_too_many_are_said_before_they_are_sent(pair) -> None:
    alice, _ = pair
    alice.find("files").set_input_files([png(f"{n}.png", (20, 20)) for n in range(12)])
    expect(alice.page.get_by_text("A message carries 10 files at most.")).to_be_visible()
    expect(alice.find("chosen")).to_have_count(10)


def test_pictures_are_looked_at_one_after_the_other(pair) -> None:
    alice, bob = pair
    send(alice, *(png(f"{n}.png", (200 + n, 200)) for n in range(1, 7)))
    last = bob.find("message").last
    expect(last.get_by_test_id("image")).to_have_count(4)
    expect(last.locator(".rest")).to_have_text("+2")
    is_loaded(last.get_by_test_id("image").last.locator("img"))

    first = last.get_by_test_id("image").first
    first.focus()
    bob.page.keyboard.press("Enter")
    box = bob.find("lightbox")
    expect(box).to_contain_text("1 of 6")
    for _ in range(5):
        bob.page.keyboard.press("ArrowRight")
    expect(box).to_contain_text("6 of 6")
    expect(box.get_by_test_id("shown")).to_have_js_property("naturalWidth", 206)
    bob.page.keyboard.press("ArrowRight")
    bob.page.keyboard.press("ArrowLeft")
    expect(box).to_contain_text("5 of 6")
    with bob.page.expect_download() as download:
        box.get_by_test_id("download").click()
    assert download.value.suggested_filename.startswith("5.")
    bob.page.keyboard.press("Escape")

    expect(box).to_have_count(0)
    expect(first).to_be_focused()


def test_a_picture_keeps_its_place_while_it_comes(pair) -> None:
    alice, bob = pair
    bob.page.route("**/thumbnail/**", lambda route: None)
    send(alice, png(size=(600, 300)))
    tile = bob.find("message").last.get_by_test_id("image")
    expect(tile.locator("img")).to_have_css("background-image", re.compile("data:image/webp"))
    assert tile.bounding_box()["width"] == pytest.approx(360, abs=1)
    assert tile.bounding_box()["height"] == pytest.approx(180, abs=1)


def test_the_picture_of_a_deleted_message_is_gone(pair) -> None:
    alice, bob = pair
    send(alice, png(), text="Not for long")
    image = bob.message("Not for long").locator("img")
    is_loaded(image)
    address = image.get_attribute("src")
    alice.choose("Not for long", "Delete")
    alice.find("confirm").click()

    expect(bob.message("Message deleted")).to_be_visible()
    expect(bob.find("image")).to_have_count(0)
    assert bytes_at(bob, address)[0] == 404


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


def test_a_group_gets_a_picture(pair) -> None:
    alice, bob = pair
    alice.open_group("Friends", bob.name)
    bob.page.get_by_role("link", name=re.compile("Friends")).click()
    alice.choose_here("menu-rules")
    alice.find("picture-file").set_input_files(png())
    alice.find("use-picture").click()
    expect(alice.page.get_by_text("The picture was changed.")).to_be_visible()
    face = bob.page.locator(".who img")
    expect(face).to_have_count(1)
    assert face.evaluate("image => image.decode().then(() => true, () => false)")
    alice.find("remove-picture").click()
    expect(face).to_have_count(0)


def test_files_are_sent_and_seen_on_a_phone(servers, tab) -> None:
    mark = secrets.token_hex(3)
    alice = tab(servers[0].url, f"alice{mark}", width=380, height=740, has_touch=True)
    bob = tab(servers[1].url, f"bob{mark}")
    for one in (alice, bob):
        one.sign_up(servers[0])
    alice.open_direct(bob.name)
    send(alice, *(png(f"{n}.png") for n in range(3)), file("a rather long name.pdf", PDF, "application/pdf"))
    expect(alice.find("image")).to_have_count(3)
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert alice.page.evaluate("document.querySelector('.scroller').scrollWidth") <= 380
