"""Who is mentioned in a text, in any script."""

import pytest

from common.tests.text import VECTORS
from common.text import mentions_in, name_key

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(("text", "names", "found"), VECTORS["mentions"], ids=ascii)
def test_people_are_mentioned_by_name(text, names, found):
    known = {name_key(name): name for name in names}
    mentions = mentions_in(text, known)
    assert [[text[mention.begin : mention.end], known[mention.key]] for mention in mentions] == found
