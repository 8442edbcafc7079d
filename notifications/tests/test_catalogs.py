"""The catalogs in `locale/` have every sentence in every language, and are compiled."""

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.conf import settings

from chatproject.tests.server import ROOT
from notifications.models import Notice
from notifications.push_texts import SENTENCES, sentence_for

pytestmark = pytest.mark.plain
LOCALE = ROOT / "notifications" / "locale"
CATALOGS = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))
LINES = r'((?:".*"\n)+)'


def written(catalog: Path) -> dict[str, str]:
    """The entries of a `.po`."""
    pairs = re.findall(rf"^msgid {LINES}msgstr {LINES}", catalog.read_text(), re.MULTILINE)
    return {_joined(key): _joined(text) for key, text in pairs}


def _joined(lines: str) -> str:
    return "".join(map(ast.literal_eval, lines.splitlines()))


def test_there_is_a_catalog_for_every_language_and_no_other() -> None:
    languages = {code for code, _ in settings.LANGUAGES} - {settings.LANGUAGE_CODE}

    assert languages == {catalog.parts[-3] for catalog in CATALOGS}


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda catalog: catalog.parts[-3])
def test_it_holds_every_sentence_translated_and_nothing_else(catalog: Path) -> None:
    entries = written(catalog)
    entries.pop("")

    assert set(entries) == set(SENTENCES.values())
    assert all(text.strip() and text != key for key, text in entries.items())
    assert "#, fuzzy" not in catalog.read_text()
    assert [sentence_for(kind, catalog.parts[-3]) for kind in Notice.Kind] == [
        entries[SENTENCES[k]] for k in Notice.Kind
    ]


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda catalog: catalog.parts[-3])
def test_it_is_compiled_as_it_is_written(catalog: Path) -> None:
    """After a change: `make translations`."""
    with catalog.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)._catalog  # type: ignore[attr-defined]

    assert compiled == written(catalog)
