"""Files are picked, dropped, pasted and given up, on a phone too; and taken out of their message."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.media.attachments import PDF, choose, file, is_loaded, png, send
from chatproject.tests.browser.tab import Tab

pytestmark = pytest.mark.browser
SLOW = 300_000
"""Bytes a second, for whom a file takes its time."""


def transfer(one: Tab, chosen: dict):
    """A file as it is dragged or copied."""
    make = """([name, type, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
        return transfer;
    }"""
    return one.page.evaluate_handle(make, [chosen["name"], chosen["mimeType"], list(chosen["buffer"])])


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
