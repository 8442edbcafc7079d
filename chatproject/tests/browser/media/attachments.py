"""Files for messages: what is sent, and whether it is there."""

from playwright.sync_api import Locator, expect

from chatproject.tests.browser.tab import STORED, Tab
from media.tests import files

LOADED = "image => image.complete && image.naturalWidth"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


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
