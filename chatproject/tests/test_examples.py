"""Every example of the documents works as it is written: commands run, requests are answered, JSON fits its struct.

The language of a fenced block says how it is tried; the words behind the language (which no page shows) say the rest:

    sh                   run on a running server, line by line; consecutive blocks share their variables
    sh stopped           after stopping that server
    sh empty             in an empty `DATA_DIR`, with the backups of that server at `BACKUP_URL`
    env                  settings that the server accepts
    json POST users/     the body of a request; `json 200 GET users/me/` an answer; `json frame` a frame of the socket;
                         `json fields module.Struct …` an object of exactly these fields, one struct for each; tried in
                         `test_json_examples.py`
    js, python           run as a program
    nginx                accepted by nginx; `test_nginx.py` and `test_nginx_files.py` send requests through it
    text                 a drawing: the files in it exist (`test_docs.py`)
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from chatproject.tests import documents, nginx
from chatproject.tests.documents import Block, named
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import GENEROUS, PASSWORD, Person, bearer

pytestmark = pytest.mark.plain
HOST = "http://127.0.0.1:8000"
"""Where the documents say that the server is."""
INSTEAD = {
    r"^make (\w+).*": (r"make --dry-run \1", "`.ci/run` installs, checks and tests on a fresh copy"),
    r"(manage.py create_operator .*)": (r"\1 --password-stdin <<<'a long password'", "there is no terminal"),
    r"^curl ": ("curl --fail-with-body ", "a refusal is a failure"),
}
"""Lines of which something else is run: what, and why."""
NOT_RUN = {
    r"^apt install ": "`.ci/run` sets a machine up",
    r"^chatcrypt |^  < text": "it asks for a passphrase at a terminal: `chatcrypt/tests/test_command.py` types it",
}
"""Lines that are not run, and why."""
INSTEAD_IN_JS = {
    f'"{HOST}/static/js/chat.js"': ("CHAT_JS", "Node imports files; browsers import this address in the browser tests"),
    '"./chat.js"': ("CHAT_JS", "the same module, from elsewhere"),
    'import WebSocket from "ws";': ("const { WebSocket } = globalThis;", "Node has one of its own, behind a flag"),
    "https://chat.example.com/": ("SERVER", "the server of the test"),
}
"""Parts of programs of which something else is run: what, and why."""
NOT_RUN_JS = {
    'encryption: "e2ee"': "keys live in IndexedDB, which Node lacks: `chatproject/tests/browser/sealed`",
    "IndexedStorage.open()": "the same; `clients/js/crypto/*.test.js` call all of it",
}
"""Programs that are only parsed, by a part of each, and why."""
STATES = ("", "stopped", "empty")
needs_tools = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not installed"
)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


def test_every_block_says_how_it_is_tried() -> None:
    known = {"sh", "env", "json", "js", "python", "nginx", "text"}
    assert [str(block) for block in documents.blocks() if block.language not in known] == []
    assert [str(block) for block in documents.of("sh") if block.words not in STATES] == []
    assert [str(block) for block in documents.of("env", "js", "python", "nginx", "text") if block.words] == []


def test_every_exception_is_needed() -> None:
    lines = [line for block in documents.of("sh") for line in block.text.splitlines()]
    for pattern in [*INSTEAD, *NOT_RUN]:
        assert any(re.search(pattern, line) for line in lines), pattern
    for part in [*INSTEAD_IN_JS, *NOT_RUN_JS]:
        assert any(part in block.text for block in documents.of("js")), part


# --- Commands ------------------------------------------------------------------------------------------------------
def as_run(text: str, server: Server) -> str:
    """The script of a block, on this server."""
    lines = []
    for line in text.replace(HOST, server.url).splitlines():
        if any(re.search(pattern, line) for pattern in NOT_RUN):
            continue
        for pattern, (instead, _) in INSTEAD.items():
            line = re.sub(pattern, instead, line)
        lines.append(line)
    return "\n".join(lines)


def place(folder: Path, server: Server) -> Path:
    """A working directory like the root of the repository, with the `data` of this server."""
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in ("data", ".git"):
            (folder / path.name).symlink_to(path)
    (folder / "data").symlink_to(server.data_dir)
    Image.new("RGB", (8, 8)).save(folder / "photo.jpg")
    return folder


def run(script: str, folder: Path, server: Server) -> str:
    """Run it to its end; what it has printed. A line that fails is shown with what the lines before it have said."""
    command = ["bash", "-euxo", "pipefail", "-c", script]
    ran = subprocess.run(
        command, cwd=folder, env=server.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[[str], tuple[Server, Path]]]:
    """`scene("stopped")`: the server in that state and a working directory for it."""
    keys = {"BACKUP_KEY": "a key for the documents alone", "BACKUP_URL": f"file://{tmp_path}/copies"}
    server, empty = Server(env=keys), Server(env=keys, bare=True)
    server.start()

    def at(state: str) -> tuple[Server, Path]:
        if state and server.processes():
            server.stop()
        wanted = empty if state == "empty" else server
        folder = tmp_path / f"at-{wanted.port}"
        return wanted, folder if folder.exists() else place(folder, wanted)

    yield at
    server.close()
    empty.close()


@needs_tools
@pytest.mark.parametrize("path", sorted({block.path for block in documents.of("sh")}))
def test_commands_run_as_they_are_written(scene: Callable[[str], tuple[Server, Path]], path: str) -> None:
    blocks = [block for block in documents.of("sh") if block.path == path]
    for state, together in itertools.groupby(blocks, lambda block: block.words):
        server, folder = scene(state)
        run("\n".join(as_run(block.text, server) for block in together), folder, server)


@needs_tools
def test_the_readme_ends_with_a_picture_in_the_lobby(own: Server, tmp_path: Path) -> None:
    own.start()
    (block,) = [one for one in documents.of("sh") if one.path == "README.md" and "auth/register/" in one.text]

    printed = run(f'{as_run(block.text, own)}\necho; echo "$id" "$token"', place(tmp_path / "here", own), own)

    conversation, token = printed.split()[-2:]
    messages = httpx.get(f"{own.url}/api/v1/conversations/{conversation}/messages/", headers=bearer(token))
    assert sorted((one["content"], len(one["attachments"])) for one in messages.json()["results"]) == [
        ("", 1),
        ("Hello", 0),
    ]


# --- Settings and nginx --------------------------------------------------------------------------------------------
@named(documents.of("env"))
def test_settings_are_accepted(block: Block, tmp_path: Path) -> None:
    env = dict(line.split("=", 1) for line in block.text.splitlines() if line and not line.startswith("#"))
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


@nginx.needs_nginx
def test_nginx_accepts_its_blocks(tmp_path: Path) -> None:
    blocks = {block.text for block in documents.of("nginx")}
    assert blocks == {nginx.documented(word) for word in ("upstream", "internal;", "log_format")}
    with nginx.Nginx(Server(), uploads=tmp_path) as proxy:
        assert httpx.get(f"{proxy.url}/protected/none").status_code == 404


# --- Programs ------------------------------------------------------------------------------------------------------
GIVEN_IN_JS = """
const kept = new Map();
Object.assign(globalThis, JSON.parse(process.env.GIVEN), {
  ...(await import(CHAT_JS)),
  password: process.env.PASSWORD,
  storage: {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  },
  file: new File(["Hello"], "hello.txt", { type: "text/plain" }),
  image: {},
  draw() {},
  showSignIn() {},
});
"""
SIGNED_IN_JS = """
const chat = new ChatClient({ base: SERVER, storage });
await chat.signIn({ login: "alice", password });
"""
"""What programs take as given."""
GIVEN_IN_PYTHON = """
from uuid import uuid4

user_id, id_from_the_server, conversation_id, client_id = (str(uuid4()) for _ in range(4))
roster = {"members": [{"user_id": user_id, "log": {"number": 0, "hash": ""}}]}


class Directory:
    def __iter__(self):
        yield {"device": device.id, "user_id": user_id, "bundle": device.public.bundle}


listed = Directory()
"""


@pytest.fixture(scope="module")
def given() -> Iterator[dict[str, Any]]:
    """A server with alice and bob, who share a group with a file."""
    with Server(env=GENEROUS) as server:
        alice, bob, _ = (Person(server, name) for name in ("alice", "bob", "robot"))
        group = alice.group(bob)
        file = ("hello.txt", b"Hello", "text/plain")
        upload = alice.call("POST", "media/", data={"conversation_id": group}, files={"file": file}).json()
        message = alice.write(group, "", attachment_ids=[upload["id"]])
        attachment = message["attachments"][0] | {"thumbnail_url": message["attachments"][0]["content_url"]}
        yield {
            "server": server.url,
            "me": {"id": alice.id},
            "bob": {"id": bob.id},
            "conversation": {"id": group},
            "attachment": attachment,
        }


@needs_node
@named(documents.of("js"))
def test_programs_for_browsers_and_node_run(block: Block, given: dict[str, Any], tmp_path: Path) -> None:
    program = tmp_path / "program.mjs"
    if any(part in block.text for part in NOT_RUN_JS):
        program.write_text(block.text)
        command = ["node", "--check", str(program)]
    else:
        program.write_text(program_of(block.text, given["server"]))
        command = ["node", "--experimental-websocket", "--no-warnings", str(program)]
    env = {"PATH": os.environ["PATH"], "GIVEN": json.dumps(given), "PASSWORD": PASSWORD}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def program_of(text: str, server: str) -> str:
    """The block with what it takes as given, ended after a moment in which what it has begun may fail."""
    for part, (instead, _) in INSTEAD_IN_JS.items():
        text = text.replace(part, instead)
    text = text.replace(HOST, "SERVER").replace("a long password", PASSWORD)
    imports = "".join(re.findall(r"^import .*\n", text, re.MULTILINE))
    body = re.sub(r"^import .*\n", "", text, flags=re.MULTILINE)
    before = GIVEN_IN_JS if "new ChatClient" in body else GIVEN_IN_JS + SIGNED_IN_JS
    after = "\nawait new Promise((done) => setTimeout(done, 500));\nprocess.exit(0);\n"
    whole = f"{imports}{before}{body}{after}"
    module = json.dumps((ROOT / "clients" / "js" / "chat.js").as_uri())
    return (
        whole.replace("CHAT_JS", module).replace('"SERVER"', json.dumps(server)).replace("SERVER", json.dumps(server))
    )


@named(documents.of("python"))
def test_programs_in_python_run(block: Block) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "clients" / "python")}
    ran = subprocess.run(
        [sys.executable, "-c", GIVEN_IN_PYTHON + block.text], env=env, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
