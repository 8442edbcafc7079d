"""The documents cannot drift: what the code reads and answers is written down, and nothing else is."""

import re

import pytest

from chatproject.tests import documents
from chatproject.tests.documents import text
from chatproject.tests.server import ROOT
from common.errors import CODES

pytestmark = pytest.mark.plain


def settings_read() -> set[str]:
    found = set(re.findall(r'\benv\.[a-z_]+\(\s*"([A-Z0-9_]+)"', text("chatproject/settings.py")))
    assert len(found) > 25
    return found


def settings_in_example() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", text(".env.example"), re.MULTILINE))


def settings_in_docs() -> dict[str, str]:
    return dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`(.*?)`)? ?\|", text("docs/settings.md"), re.MULTILINE))


@pytest.mark.parametrize("documented", [settings_in_example, settings_in_docs])
def test_every_setting_is_documented_and_every_documented_one_exists(documented) -> None:
    assert documented().keys() == settings_read()


def test_both_documents_state_the_same_defaults() -> None:
    assert settings_in_example() == settings_in_docs()


def test_every_setting_in_the_example_has_a_comment_or_follows_one() -> None:
    blocks = text(".env.example").split("\n\n")
    assert all(block.lstrip().startswith("# ") for block in blocks)


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", text("docs/errors.md"), re.MULTILINE))
    assert {code: int(status) for code, status in rows.items()} == {code: row[0] for code, row in CODES.items()}


def test_every_dependency_says_why_it_is_here() -> None:
    names = set(re.findall(r"^([A-Za-z][\w-]*(?:\[[\w,]+\])?)", text("requirements.in"), re.MULTILINE))
    named = set(re.findall(r"`([a-z][^`]*)`", text("docs/decisions.md").split("## What we did not take")[0]))
    assert {re.split(r"[<>=]", name)[0] for name in names} - named == set()


def test_the_readme_leads_with_the_two_commands() -> None:
    head = text("README.md").splitlines()[:6]
    assert any(line.startswith("make run") for line in head)
    assert any(line.startswith("make test") for line in head)


@pytest.mark.parametrize("path", [*documents.paths(), documents.CHANGELOG])
def test_links_between_documents_lead_somewhere(path: str) -> None:
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)]+))?\)", text(path)):
        found = (ROOT / path).parent / target if target else ROOT / path
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, anchor
