"""Which texts are an emoji, and which emoji are the same."""

import pytest

from common.tests.text import VECTORS
from common.text import emoji_of

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("spellings", VECTORS["emoji"]["same"], ids=ascii)
def test_every_spelling_of_an_emoji_is_the_same_one(spellings):
    assert [emoji_of(spelling) for spelling in spellings] == [spellings[0]] * len(spellings)


@pytest.mark.parametrize("text", VECTORS["emoji"]["none"], ids=ascii)
def test_anything_else_is_not_an_emoji(text):
    assert emoji_of(text) is None
