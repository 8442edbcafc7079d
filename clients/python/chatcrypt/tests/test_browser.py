"""The JavaScript implementation in a real browser: its WebCrypto, its IndexedDB, and what was sealed elsewhere."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, sync_playwright

from chatcrypt.tests.cast import VECTORS, vectors

pytestmark = [pytest.mark.browser, pytest.mark.plain]

PRELUDE = """
    const crypt = await import("/js/crypto/index.js");
    const storage = await crypt.IndexedStorage.open();
    const user_id = "a1ce0000-0000-4000-8000-000000000000";
    const id = "de000000-0000-4000-8000-000000000000";
    const place = { conversation_id: "c0000000-0000-4000-8000-000000000000", client_id };
"""
MAKE = """
    const { device, backup } = await crypt.makeDevice({ user_id, suite, passphrase: "correct horse battery" });
    await crypt.saveDevice(storage, { ...device, id });
    const me = await crypt.readDevice({ ...device, id });
    const sealed = { body: { content: "after a reload" }, device: { ...device, id }, recipients: [me], roster_seq: 1 };
    return { envelope: await crypt.sealMessage({ ...sealed, ...place }), backup };
"""
OPEN = """
    const device = await crypt.loadDevice(storage, user_id);
    const seen = new crypt.Seen(storage);
    const known = { sender: await crypt.readDevice(device), devices: [device], seen, ...place };
    const { content } = await crypt.openMessage({ envelope, ...known });
    const again = await crypt.openMessage({ envelope, ...known });
    const exported = await crypto.subtle.exportKey("pkcs8", device.encryption_key).catch(({ name }) => name);
    await crypt.forgetDevice(storage, user_id);
    return [content, again.content, exported, await crypt.loadDevice(storage, user_id)];
"""
REPLAY = """
    const seen = new crypt.Seen(storage);
    const digests = [1, 2].map((byte) => Uint8Array.of(byte));
    const outcomes = await Promise.allSettled(digests.map((digest) => seen.require(id, "twice", digest)));
    return outcomes.map(({ reason }) => reason?.code ?? "kept");
"""
VECTOR = """
    const sender = await crypt.readDevice(author);
    const { importPrivate } = await import("/js/crypto/suites.js");
    const { decode } = await import("/js/crypto/canonical.js");
    const { suite } = await crypt.readDevice(to);
    const encryption_key = await importPrivate(suite.encryption, decode(to.encryption_key));
    const devices = [{ id: to.id, user_id: to.user_id, bundle: to.bundle, encryption_key }];
    return (await crypt.openMessage({ envelope, ...where, sender, devices })).content;
"""
FILE = """
    const plain = new Uint8Array(200_000).map((_, at) => at % 256);
    const { stream, secrets } = crypt.sealFile(new Blob([plain]));
    const sealed = await new Response(stream).blob();
    const opened = crypt.openFile(sealed, await secrets);
    const cut = crypt.openFile(sealed.slice(0, -1), await secrets);
    const same = new Uint8Array(await new Response(opened).arrayBuffer()).every((byte, at) => byte === plain[at]);
    const reader = cut.getReader();
    const read = async () => (await reader.read()).done || read();
    return [same, await read().catch(({ code }) => code)];
"""


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of an address that browsers trust, from which the client's modules can be imported."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=VECTORS.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/js/crypto/")
        yield page
        browser.close()
    server.shutdown()


def run(page: Page, body: str, client_id: str = "1", **given: object) -> object:
    names = ", ".join(("client_id", *given))
    return page.evaluate(f"async ({{ {names} }}) => {{ {PRELUDE} {body} }}", {"client_id": client_id, **given})


def suites(page: Page) -> list[str]:
    return page.evaluate("async () => (await import('/js/crypto/index.js')).supportedSuites()")


def test_rsa_is_there(page) -> None:
    assert vectors("devices")["alice-laptop"]["bundle"]["suite"] in suites(page)


def test_a_device_survives_a_reload_and_its_keys_are_read_by_nobody(page) -> None:
    for suite in suites(page):
        made = run(page, MAKE, suite, suite=suite)
        page.reload()
        opened = run(page, OPEN, suite, envelope=made["envelope"])
        assert opened == ["after a reload", "after a reload", "InvalidAccessError", None]


def test_of_two_under_one_client_id_one_is_kept(page) -> None:
    assert sorted(run(page, REPLAY)) == ["kept", "replayed"]


def test_what_was_sealed_elsewhere_opens(page) -> None:
    devices, able = vectors("devices"), suites(page)
    for case in [each for cases in vectors("messages").values() for each in cases]:
        sender, reader = devices[case["sender"]], devices[case["recipients"][0]]
        if {sender["bundle"]["suite"], reader["bundle"]["suite"]} <= set(able):
            asked = {"author": sender, "to": reader, "where": case["place"], "envelope": case["envelope"]}
            assert run(page, VECTOR, **asked) == case["body"]["content"]


def test_files_are_streams(page) -> None:
    assert run(page, FILE) == [True, "file_truncated"]
