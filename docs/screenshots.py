"""Makes the pictures in `docs/images` again: `make screenshots`.

It needs Chromium and a font with emoji (Debian: apt install chromium fonts-noto-color-emoji).

A server of its own is filled with alice, bob, carol and olga, who plan a weekend. One of their messages is reported.
"""

import io
import random
import shutil
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, Page, expect, sync_playwright

from chatproject.tests.browser.tab import Tab
from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PASSWORD, Person

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1280, 800
NAMES = {"alice": "Alice Arden", "bob": "Bob Bryce", "carol": "Carol Chen", "olga": "Olga Orlova"}
COLOURS = {"alice": "#7c5cff", "bob": "#0ea5a4", "carol": "#f2711c", "olga": "#d6336c"}


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    settings = {**GENEROUS, "LOBBY_AUTO_JOIN": "on", "BACKUP_KEY": "a key for the pictures alone"}
    with Server(env=settings) as server, sync_playwright() as playwright:
        olga = Person.operating(server, "olga")
        people = {name: Person(server, name) for name in ("alice", "bob", "carol")} | {"olga": olga}
        for name, person in people.items():
            introduce(person, name)
        talk(people)
        for command in ("backup", "backup_drill"):
            server.run(command).check_returncode()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page_of_the_chat(browser, server)
        page_of_the_console(browser, server)
        browser.close()


def introduce(person: Person, name: str) -> None:
    person.call("PATCH", "users/me/", json={"full_name": NAMES[name]})
    person.call("PUT", "users/me/avatar/", files={"file": ("me.png", portrait(COLOURS[name]), "image/png")})


def talk(people: dict[str, Person]) -> None:
    """Several conversations, the liveliest last."""
    alice, bob, carol, olga = people.values()
    direct(carol, alice, "The slides are ready, have a look when you find a minute.")
    direct(alice, olga, "Thanks for the new account!")
    book = alice.group(bob, carol, name="Book club")
    bob.write(book, "Chapter seven by Thursday?")
    carol.write(book, "Already there. No spoilers!")
    lobby = alice.get("conversations/discover/")["results"][0]["id"]
    spam = Person(alice.server, "member-1").write(lobby, "CHEAP WATCHES, today only: watches.example")
    alice.write(lobby, "Good morning, everybody!")
    for person, comment in ((alice, "The third time this week."), (carol, "")):
        person.post(f"messages/{spam['id']}/report/", {"reason": "spam", "comment": comment})

    group = alice.group(bob, carol, olga, name="Weekend at the lake")
    first = alice.write(group, "The cabin is ours from Friday to Sunday 🎉")
    react(first, "🎉", bob, carol, olga)
    alice.call("PUT", f"messages/{first['id']}/pin/")
    bob.write(group, "Great! I can take three people in my car. Who needs a lift?")
    question = carol.write(group, "Me, please. @olga, are you coming by train?")
    olga.write(group, "Yes, I arrive at 18:40. Could somebody pick me up at the station?", reply_to_id=question["id"])
    plan = alice.write(group, "What should we cook on Saturday?")
    for person, text in ((bob, "Pizza in the stone oven"), (carol, "I bring the dough"), (alice, "Settled, then!")):
        person.write(group, text, thread_id=plan["id"])
    react(plan, "🍕", bob, carol)
    picture = ("lake.jpg", lake(), "image/jpeg")
    upload = bob.call("POST", "media/", data={"conversation_id": group}, files={"file": picture}).json()
    view = bob.write(group, "This is the view from the porch.", attachment_ids=[upload["id"]])
    react(view, "😍", alice, carol, olga)
    react(view, "👍", alice)
    carol.write(group, "I'm packing right now.")
    alice.post(f"conversations/{group}/read/")
    bob.post(f"conversations/{group}/read/")


def direct(sender: Person, other: Person, text: str) -> None:
    chat = sender.post("conversations/", {"kind": "direct", "user_id": other.id})
    sender.write(chat["id"], text)


def react(message: dict, emoji: str, *people: Person) -> None:
    for person in people:
        person.call("PUT", f"messages/{message['id']}/reactions/{emoji}/")


def page_of_the_chat(browser: Browser, server: Server) -> None:
    tab = Tab(browser, server.url, "alice", width=WIDTH, height=HEIGHT)
    tab.sign_in()
    tab.page.get_by_role("link", name="Weekend at the lake").first.click()
    expect(tab.message("I'm packing right now.")).to_be_visible()
    tab.page.wait_for_function("() => [...document.images].every((image) => image.complete && image.naturalWidth)")
    tab.page.wait_for_timeout(2000)
    save(tab.page, "chat")


def page_of_the_console(browser: Browser, server: Server) -> None:
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    page.goto(f"{server.url}/admin/")
    page.locator("[name=username]").fill("olga")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[type=submit]").click()
    expect(page).to_have_url(f"{server.url}/admin/")
    page.wait_for_timeout(20_000)  # messages are counted every 15 seconds
    page.reload()
    page.wait_for_timeout(1000)
    save(page, "console")
    page.goto(f"{server.url}/admin/messaging/report/")
    page.get_by_role("rowheader").get_by_role("link").first.click()
    expect(page.get_by_text("CHEAP WATCHES").first).to_be_visible()
    page.wait_for_timeout(1000)
    save(page, "case")


def save(page: Page, name: str) -> None:
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(IMAGES / f"{name}.webp", quality=85, method=6)


def portrait(colour: str) -> bytes:
    """A head and shoulders before a colour."""
    picture = Image.new("RGB", (512, 512), colour)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((166, 110, 346, 290), fill="#fff5e6")
    draw.ellipse((76, 320, 436, 720), fill="#fff5e6")
    return encoded(picture, "PNG")


def lake() -> bytes:
    """A lake at dusk, with mountains behind it."""
    width, height, shore = 1280, 800, 500
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        share = abs(y - shore) / shore
        draw.line((0, y, width, y), fill=(int(255 - 175 * share), int(170 - 90 * share), int(120 + 40 * share)))
    chance = random.Random(7)  # noqa: S311 (mountains are no secret)
    for colour, low, high in (("#7d6b91", 260, 430), ("#55496f", 340, 470), ("#332f4d", 430, 500)):
        peaks = [(x, chance.randint(low, high)) for x in range(0, width + 160, 160)]
        draw.polygon([(0, shore), *peaks, (width, shore)], fill=colour)
    mirrored = picture.crop((0, 200, width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    picture.paste(mirrored.filter(ImageFilter.GaussianBlur(6)), (0, shore))
    return encoded(picture, "JPEG")


def encoded(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


if __name__ == "__main__":
    main()
