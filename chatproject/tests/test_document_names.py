"""What the documents call by name exists: files, modules, permissions, addresses, frames, settings and commands."""

import importlib
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from chatproject.tests import documents
from chatproject.tests.documents import text
from chatproject.tests.operations import operations
from chatproject.tests.server import ROOT
from chatproject.tests.test_docs import settings_read
from messaging.realtime.asyncapi import COMMAND_TYPES, EVENT_TYPES, name_of

pytestmark = pytest.mark.plain

FILE = re.compile(r"[\w.*{},/-]+\.(py|mjs|js|ts|css|html|json|md|yaml|toml|txt|in|png|webp|svg)")
NOT_FILES = {
    "README.txt": "in the archive that a person gets of their data",
    "conversation.json": "in an export",
    "manifest.json": "in an export",
    "devices.json": "brought by the reader",
    "heads.json": "brought by the reader",
    "/static/js/chat.js": "the address of `clients/js/chat.js`",
}
"""Names that look like files of the repository and are not."""
NOT_FRAMES = {
    "conversation.leave": "the example of a recipe in CONTRIBUTING.md",
    "data.content": "a field of a frame",
    "settings.presence": "a field of a body",
    "message.attachments": "a field of a message",
    "gc.freeze": "Python's",
    "example.com": "a host",
    "changes.jsonl": "in an export",
    "files.jsonl": "in an export",
    "members.jsonl": "in an export",
    "messages.jsonl": "in an export",
}
"""Pairs of words that look like the type of a frame and are not."""
NOT_SETTINGS = {
    "MAX_PINS": "the example of a recipe in CONTRIBUTING.md",
    "CHAT_URL": "of `docs/examples/bot.py`",
    "BOT_LOGIN": "of `docs/examples/bot.py`",
    "BOT_PASSWORD": "of `docs/examples/bot.py`",
    "BOT_FILE": "of `docs/examples/bot.py`",
}
"""Names in capitals that are not settings of the server."""
PACKAGES = ("accounts", "bench", "chatproject", "common", "conversations", "encryption", "media", "messaging")
PACKAGES += ("notifications", "operations")


def spans(path: str) -> Iterator[str]:
    """What a document calls by name: in backticks, or word by word in a drawing."""
    yield from documents.code_spans(path)
    for block in documents.of("text"):
        if block.path == path:
            yield from (word for word in re.findall(r"[\w./{},*-]+", block.text) if FILE.fullmatch(word.strip(",.")))


@pytest.mark.parametrize("path", documents.paths())
def test_every_file_that_is_named_exists(path: str) -> None:
    named = [span.strip(",.") for span in spans(path) if FILE.fullmatch(span.strip(",."))]
    folders = [span for span in spans(path) if re.fullmatch(r"[a-z_]+(/[\w-]+)+/?", span) and is_top(span)]
    beside = (ROOT / path).parent
    missing = {one for one in {*named, *folders} - NOT_FILES.keys() if not documents.is_in_tree(one, beside)}
    assert {one for one in missing if not is_address(f"/api/v1/{one}")} == set()


def is_address(path: str) -> bool:
    """Whether something answers at this path, or at addresses below it."""
    try:
        resolve(re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", path))
    except Resolver404:
        return any(placeless(f"/api/v1/{one.route}").startswith(placeless(path)) for one in operations())
    return True


def is_top(name: str) -> bool:
    """Whether a path begins with a folder of the repository; `data/` comes with running it."""
    return any(path.startswith(f"{name.split('/')[0]}/") for path in documents.tree())


@pytest.mark.parametrize("path", documents.paths())
def test_every_module_and_permission_that_is_named_exists(path: str) -> None:
    dotted = {span for span in spans(path) if re.fullmatch(rf"({'|'.join(PACKAGES)})(\.\w+)+", span)}
    assert {name for name in dotted if not FILE.fullmatch(name) and not is_importable(name)} == set()


def is_importable(name: str) -> bool:
    """Whether this is a module, something in one, or a permission (`app.codename`)."""
    for end in range(name.count(".") + 1, 0, -1):
        parts = name.split(".")
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        if found is not None:
            return True
    return name in permissions()


def permissions() -> set[str]:
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(name for name, _ in model._meta.permissions),
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
        ]
    }


@pytest.mark.parametrize("path", documents.paths())
def test_every_frame_that_is_named_exists(path: str) -> None:
    frames = {name_of(kind) for kind in COMMAND_TYPES + EVENT_TYPES}
    named = {span for span in spans(path) if re.fullmatch(r"[a-z]+\.[a-z_]+", span) and not FILE.fullmatch(span)}
    ours = {name for name in named if name.split(".")[0] not in (*PACKAGES, *JAVASCRIPT)}
    assert ours - frames - NOT_FRAMES.keys() == set()


JAVASCRIPT = ("chat", "store", "sealing", "envelope", "image")
"""Objects of the client module, whose members look like types of frames."""


@pytest.mark.parametrize("path", documents.paths())
def test_every_address_that_is_named_exists(path: str) -> None:
    known = {(one.method, placeless(one.route)) for one in operations()}
    for span in spans(path):
        if found := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (?:/api/v1/)?([a-z][\w{}/-]*/)(?:\?\S*)?", span):
            assert (found[1], placeless(found[2])) in known, span
        elif re.fullmatch(r"/(api/|health|metrics|admin/)[\w{}/-]*", span):
            assert is_address(span), span


def placeless(route: str) -> str:
    """A route without the names of its variable parts."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", route)


@pytest.mark.parametrize("path", documents.paths())
def test_every_setting_that_is_named_exists(path: str) -> None:
    named = {found[1] for span in spans(path) if (found := re.fullmatch(r"([A-Z]+(?:_[A-Z]+)+)(?:=\S*)?", span))}
    assert named - settings_read() - NOT_SETTINGS.keys() == set()


@pytest.mark.parametrize("path", documents.paths())
def test_every_command_that_is_named_exists(path: str) -> None:
    makefile, commands = text("Makefile"), get_commands()
    everything = [*documents.code_spans(path), *(b.text for b in documents.of("sh", "text") if b.path == path)]
    for span in everything:
        for target in re.findall(r"^make ([a-z-]+)", span, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for command in re.findall(r"\bmanage\.py ([a-z_]+)", span):
            assert command in commands, command


def test_every_exception_is_needed() -> None:
    everything = {span.strip(",.") for path in documents.paths() for span in spans(path)}
    for table in (NOT_FILES, NOT_FRAMES, NOT_SETTINGS):
        assert table.keys() - everything - {span.split("=")[-1] for span in everything} == set()


@pytest.mark.parametrize(
    "label", ["Back up now", "Verify the newest", "Export for someone", "Try a text", "Open the message"]
)
def test_buttons_of_the_console_are_called_what_the_manual_calls_them(label: str) -> None:
    sources = "".join(text(name) for name in documents.tree() if re.fullmatch(r"[a-z]+/.*admin\.py", name))
    assert f'"{label}"' in text("docs/operations.md")
    assert f'"{label}"' in sources
