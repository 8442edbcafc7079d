"""What text is, by current Unicode data: the one place that decides about characters, for the server. The web client
follows the same rules in `clients/js/text.js`; `clients/vectors/text.json` holds both to them."""

from chatproject.common.text.emoji import emoji_of
from chatproject.common.text.fields import LINE, LINES, tidy
from chatproject.common.text.lines import clean_line, clean_text, is_blank, seen
from chatproject.common.text.mentions import Addressing, Mention, addressings_in, mentions_in
from chatproject.common.text.names import is_name, name_key, skeleton
from chatproject.common.text.words import WORD_SIZE, located, name_words, words

__all__ = [
    "LINE",
    "LINES",
    "WORD_SIZE",
    "Addressing",
    "Mention",
    "addressings_in",
    "clean_line",
    "clean_text",
    "emoji_of",
    "is_blank",
    "is_name",
    "located",
    "mentions_in",
    "name_key",
    "name_words",
    "seen",
    "skeleton",
    "tidy",
    "words",
]
