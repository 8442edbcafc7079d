"""The documents of this repository, taken apart for the tests that hold them to the code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chatproject.tests.server import ROOT

CHANGELOG = "CHANGELOG.md"
"""History names files that have moved since, so nobody holds it to the present tree."""


class Block(NamedTuple):
    """A fenced block. `words` is what follows the language on its first line; readers of the page do not see it."""

    path: str
    line: int
    language: str
    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@cache
def paths() -> tuple[str, ...]:
    """Every document but the changelog, as a path below the root."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/*/README.md")]
    return tuple(sorted(str(path.relative_to(ROOT)) for path in found if path.name != CHANGELOG))


def text(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def blocks() -> tuple[Block, ...]:
    """Every fenced block of every document, in order."""
    return tuple(block for path in paths() for block in _blocks(path))


def of(*languages: str) -> list[Block]:
    """The blocks in these languages."""
    return [block for block in blocks() if block.language in languages]


def named(these: list[Block]) -> Any:
    """A test for each of these blocks, named after its place."""
    return pytest.mark.parametrize("block", these, ids=str)


def code_spans(path: str) -> list[str]:
    """What stands in backticks in the prose of a document, each once."""
    prose = re.sub(r"^```.*?^```", "", text(path), flags=re.DOTALL | re.MULTILINE)
    return sorted({" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)})


def _blocks(path: str) -> Iterator[Block]:
    source = text(path)
    for found in re.finditer(r"^( *)```(\S*) *([^\n]*)\n(.*?)^\1```$", source, re.DOTALL | re.MULTILINE):
        indent, language, words, inside = found.groups()
        line = source.count("\n", 0, found.start()) + 1
        yield Block(path, line, language, words.strip(), re.sub(rf"^{indent}", "", inside, flags=re.MULTILINE))


@cache
def tree() -> frozenset[str]:
    """Every file and folder of the repository below the root; folders end with a slash."""
    left_out = {".git", ".venv", "node_modules", "__pycache__", "data", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
    found: set[str] = set()
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.name not in left_out:
                found.add(f"{path.relative_to(ROOT)}{'/' * path.is_dir()}")
                if path.is_dir():
                    folders.append(path)
    return frozenset(found)


def is_in_tree(name: str, beside: Path | None = None) -> bool:
    """Whether a file or folder has this path, or a path that ends so. `{a,b}` means both, `*` any name."""
    if found := re.search(r"\{([^}]+)\}", name):
        return all(is_in_tree(name.replace(found[0], part), beside) for part in found[1].split(","))
    if beside and (beside / name).exists():
        return True
    wanted = re.compile(r"(.*/)?" + re.escape(name.lstrip("./")).replace(r"\*", "[^/]*") + r"/?")
    return any(wanted.fullmatch(path) for path in tree())
