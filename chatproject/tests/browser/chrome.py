"""The browser that tests drive, and what makes it cheap.

Chromium's headless shell draws pages like Chromium, without the window around them, which costs more than the page.
"""

import base64
import shutil
from itertools import cycle
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from playwright.sync_api import Browser, BrowserContext, Playwright

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MEDIA = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
KEYS = 16
"""More than the people of one test make."""
LEND = """
const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const { subtle } = globalThis.crypto;
const generate = subtle?.generateKey.bind(subtle);
const lent = async (algorithm, extractable, usages) => {
  const made = await lendKey();
  const among = (...names) => usages.filter((usage) => names.includes(usage));
  const [publicKey, privateKey] = await Promise.all([
    subtle.importKey("spki", decode(made.public), algorithm, true, among("encrypt", "verify")),
    subtle.importKey("pkcs8", decode(made.private), algorithm, extractable, among("decrypt", "sign")),
  ]);
  return { publicKey, privateKey };
};
const maker = ({ name }) => (name?.startsWith("RSA-") ? lent : generate);
if (subtle) subtle.generateKey = (algorithm, ...more) => maker(algorithm)(algorithm, ...more);
"""


def launch(playwright: Playwright, *, has_window: bool = False) -> Browser:
    """With a microphone, and films that play by themselves; with a window, notifications too."""
    path = (not has_window and shutil.which("chromium-headless-shell")) or shutil.which("chromium")
    return playwright.chromium.launch(executable_path=path, args=QUIET + MEDIA)


class Keys:
    """RSA keys that pages get instead of making them: each sign-in makes two, for which a page computes longer than for
    everything else. The page of `test_other_origins` makes its own."""

    def __init__(self) -> None:
        self._made: list[dict[str, str]] = []
        self._turn = cycle(range(KEYS))

    def lend_to(self, context: BrowserContext) -> None:
        """To all pages of a browser, from now on."""
        context.expose_function("lendKey", self._next)
        context.add_init_script(LEND)

    def _next(self) -> dict[str, str]:
        at = next(self._turn)
        if at == len(self._made):
            self._made.append(_new_key())
        return self._made[at]


def _new_key() -> dict[str, str]:
    private: Any = rsa.generate_private_key(65537, 3072)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kept = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {"public": base64.b64encode(public).decode(), "private": base64.b64encode(kept).decode()}
