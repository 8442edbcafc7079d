"""What a text is found by: its words, folded until case, accents and width make no difference.

Python folds what is kept and what is asked. PostgreSQL's parser and SQLite's tokenizer disagree on what a word is, and
on which letters are alike; given words, both only compare them.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

from django.db import models

WORD_SIZE = 64
"""Letters of a word that count."""
ALIKE = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
"""Letters that Unicode does not decompose, and people do."""
UNSPACED = (
    *(range(0x0E00, 0x0F00), range(0x1000, 0x10A0), range(0x1780, 0x1800)),  # Thai and Lao, Burmese, Khmer
    *(range(0x3040, 0x3100), range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x40000)),  # Kana, Han
)
"""Scripts without spaces between words: there each letter is one."""
KNOWN_LETTERS = 10_000


class WordsField(models.TextField):  # type: ignore[type-arg]
    """The words of a text with spaces between them, as the database's index takes them."""

    def db_type(self, connection: Any) -> str | None:
        return "tsvector" if connection.vendor == "postgresql" else super().db_type(connection)


def words(text: str) -> list[str]:
    """The words of a text in their order."""
    return [word[:WORD_SIZE] for word in text.translate(_folding).split()]


def indexed(text: str) -> str:
    """The words of a text as `WordsField` keeps them: each once."""
    return " ".join(dict.fromkeys(words(text)))


def located(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text, each with the offsets at which it begins and ends there."""
    word, begin, end = "", 0, 0
    for at, char in enumerate(text):
        folded = _folding[ord(char)]
        if word and not folded:
            end = at + 1
        for letter in folded:
            if letter != " ":
                word, begin, end = word + letter, begin if word else at, at + 1
            elif word:
                yield word[:WORD_SIZE], begin, end
                word = ""
    if word:
        yield word[:WORD_SIZE], begin, end


class Folding(dict[int, str]):
    """What becomes of each character, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < KNOWN_LETTERS:  # whoever sends all of Unicode must not fill the memory
            self[code] = folded
        return folded


_folding = Folding()


def _fold(char: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(map(_part, plain.translate(ALIKE)))


def _part(char: str) -> str:
    """A letter, a space in place of what separates words, nothing in place of accents and invisible joiners."""
    category = unicodedata.category(char)
    if unicodedata.combining(char) or category == "Cf":
        return ""
    if category[0] not in "LMN":
        return " "
    return f" {char} " if any(ord(char) in script for script in UNSPACED) else char
