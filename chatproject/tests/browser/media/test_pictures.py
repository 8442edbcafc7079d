"""Pictures are seen upright and moving, one after the other, and only as long as their message is there."""

import re

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.media.attachments import bytes_at, file, is_loaded, png, send
from media.tests import files

pytestmark = pytest.mark.browser


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
