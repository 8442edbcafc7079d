"""Who is addressed in a text, whatever script it is in."""

import pytest

from chatproject.common.tests.text import VECTORS
from chatproject.common.text import mentions_in, name_key

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(("text", "names", "found"), VECTORS["mentions"], ids=ascii)
def test_those_are_addressed_whose_names_stand_there(text, names, found):
    known = {name_key(name): name for name in names}
    assert [[text[one.begin : one.end], known[one.key]] for one in mentions_in(text, known)] == found
