"""Tests and benches pass programs to other processes as text, which no type checker reads: what these import exists."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from chatproject.tests.server import ROOT

pytestmark = pytest.mark.plain
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")}
IMPORT = re.compile(r"from (\w+(?:\.\w+)*) import (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)")


def imports_in_strings() -> Iterator[tuple[Path, str, str]]:
    """The file, the module and the name of each import of ours that stands in a string."""
    for package in OURS:
        for path in (ROOT / package).glob("**/*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    for module, names in IMPORT.findall(node.value):
                        if module.partition(".")[0] in OURS:
                            yield from ((path, module, name.partition(" ")[0]) for name in names.split(", "))


def exists(module: str, name: str) -> bool:
    return find_spec(module) is not None and (hasattr(import_module(module), name) or find_spec(f"{module}.{name}"))


def test_what_programs_in_strings_import_exists() -> None:
    found = list(imports_in_strings())

    assert len(found) > 20
    assert [f"{path}: from {module} import {name}" for path, module, name in found if not exists(module, name)] == []
