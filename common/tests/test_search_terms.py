"""The search terms that people are found by, the same on the server and in clients."""

import pytest

from common.tests.text import VECTORS
from common.text import name_search_terms, search_terms

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(("names", "asked", "is_found"), VECTORS["people"], ids=ascii)
def test_people_are_found_by_the_beginnings_of_the_words_of_their_names(names, asked, is_found):
    indexed, query = name_search_terms(*names), search_terms(asked)

    assert bool(query and all(any(term.startswith(word) for term in indexed) for word in query)) is is_found
