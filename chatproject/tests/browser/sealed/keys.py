"""What people in a browser do about their keys: they show them, compare them and have a backup."""

from playwright.sync_api import expect

PASSPHRASE = "nine tall trees 2026"


def enter(one, action) -> None:
    """Sign up or in, and wait until this browser has shown its keys."""
    is_shown = lambda answer: answer.url.endswith("/encryption/devices/") and answer.request.method == "POST"  # noqa: E731
    with one.page.expect_response(is_shown, timeout=90_000):  # primes take their time on a busy machine
        action()


def compare(one) -> None:
    """Say that the safety number of the open conversation was compared."""
    one.choose_here("menu-verify")
    one.find("compared").check()
    one.page.keyboard.press("Escape")


def make_backup(one) -> None:
    """Have a backup under the passphrase."""
    one.open_settings("security")
    form = one.find("backup-form")
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_label("The same again").fill(PASSPHRASE)
    form.get_by_role("button", name="Make a backup").click()
    expect(one.find("backup")).to_contain_text("You have a backup now")
    one.page.keyboard.press("Escape")
