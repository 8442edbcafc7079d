"""By which words people are found: on the server and in clients alike."""

import pytest

from chatproject.common.tests.text import VECTORS
from chatproject.common.text import name_words, words

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(("names", "asked", "is_found"), VECTORS["people"], ids=ascii)
def test_people_are_found_by_the_beginnings_of_the_words_of_their_names(names, asked, is_found):
    theirs, wanted = name_words(*names), words(asked)

    assert bool(wanted and all(any(one.startswith(word) for one in theirs) for word in wanted)) is is_found
