"""How text is cleaned for display."""

import pytest

from common.tests.text import VECTORS
from common.text import clean_line, clean_text, is_blank

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(("text", "line"), VECTORS["lines"], ids=ascii)
def test_a_line_keeps_what_its_spelling_needs_and_no_more(text, line):
    assert clean_line(text) == line
    assert clean_line(line) == line
    assert is_blank(line) == (not line)


@pytest.mark.parametrize("text", VECTORS["blank"], ids=ascii)
def test_invisible_text_is_blank(text):
    assert is_blank(text)
    assert clean_line(text) == clean_text(text) == ""


def test_the_lines_of_a_text_stay_lines():
    assert clean_text(" One\x1b \r\n\n\u202eTwo\u2028 Three \n") == "One\n\nTwo\nThree"
