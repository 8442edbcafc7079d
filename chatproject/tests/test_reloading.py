"""Tests of the page load it again by `Tab.reload`, which waits for what would break that off."""

import re

import pytest

from chatproject.tests.server import ROOT

BROWSER = ROOT / "chatproject" / "tests" / "browser"


@pytest.mark.plain
def test_a_tab_reloads_its_page() -> None:
    files = [path for path in BROWSER.glob("**/*.py") if path.name != "tab.py"]
    assert len(files) > 20
    assert [path.name for path in files if re.search(r"\w\.page\.reload\(", path.read_text())] == []
