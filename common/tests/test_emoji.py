"""What is an emoji, and which are the same."""

import pytest

from chatproject.common.tests.text import VECTORS
from chatproject.common.text import emoji_of

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("spellings", VECTORS["emoji"]["same"], ids=ascii)
def test_every_spelling_of_an_emoji_is_the_same_one(spellings):
    assert [emoji_of(spelling) for spelling in spellings] == [spellings[0]] * len(spellings)


@pytest.mark.parametrize("text", VECTORS["emoji"]["none"], ids=ascii)
def test_anything_else_is_none(text):
    assert emoji_of(text) is None
