"""Search terms: the words of a text, folded so that case, accents and width make no difference.

Both the index and the query are folded here. PostgreSQL's parser and SQLite's tokenizer disagree on what a word is and
which letters are equal; given terms, both only compare them.
"""

from collections.abc import Iterator

import regex
import unicodedata2

TERM_SIZE = 64
"""Characters of a term that count."""
ALIKE = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
"""Letters that Unicode does not decompose, though people do."""
_SINGLE = regex.compile(
    r"(?V1)[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Mymr}\p{sc=Khmr}]&&[\p{L}\p{M}\p{N}]]"
    r"|[[\p{Extended_Pictographic}\U0001F1E6-\U0001F1FF]--\p{ASCII}]"
)
"""Characters that are a term of their own: letters of scripts without spaces between words, and emoji."""
_IGNORED = regex.compile(r"[\p{Cf}\p{Me}\p{DI}\p{Emoji_Modifier}\u0640]")
"""Ignored characters: joiners, enclosing marks, variation selectors, skin tones, and stretching letters."""
_LETTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_JOINING = regex.compile(r"[\p{Pd}\p{Pc}'’ʼ.]+")
_KOREAN_GIVEN_NAME = regex.compile(r"(?<![가-힣])[가-힣]{1,2}?([가-힣]{1,2})(?![가-힣])")
"""The given name in a Korean name of two to four syllables, which has no space before it."""
MAX_FOLDED = 10_000


def search_terms(text: str) -> list[str]:
    """The search terms of a text, in order."""
    return [word[:TERM_SIZE] for word in text.translate(_folding).split()]


def name_search_terms(*names: str) -> list[str]:
    """The search terms for a person's names, also with their parts joined (`OBrien`)."""
    return list(dict.fromkeys(term for name in names for text in _readings(name) for term in search_terms(text)))


def _readings(name: str) -> Iterator[str]:
    yield from (name, _JOINING.sub("", name))
    yield from _KOREAN_GIVEN_NAME.findall(unicodedata2.normalize("NFC", name))


def locate_search_terms(text: str) -> Iterator[tuple[str, int, int]]:
    """The search terms of a text, each with the offsets at which it begins and ends there."""
    word, begin, end = "", 0, 0
    for at, char in enumerate(text):
        folded = _folding[ord(char)]
        if word and not folded:
            end = at + 1
        for letter in folded:
            if letter != " ":
                word, begin, end = word + letter, begin if word else at, at + 1
            elif word:
                yield word[:TERM_SIZE], begin, end
                word = ""
    if word:
        yield word[:TERM_SIZE], begin, end


class Folding(dict[int, str]):
    """Maps each character to its folded form, computed when it is first needed."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < MAX_FOLDED:  # a text with all of Unicode must not fill the memory
            self[code] = folded
        return folded


_folding = Folding()


def _fold(char: str) -> str:
    if _IGNORED.match(char):
        return ""
    if _SINGLE.match(char) and not _LETTER.match(char):
        return f" {char} "
    plain = unicodedata2.normalize("NFKD", unicodedata2.normalize("NFKD", char).casefold())
    return "".join(map(_fold_part, plain.translate(ALIKE)))


def _fold_part(char: str) -> str:
    """The folded form of one character: a space for what separates words, nothing for accents and invisible joiners,
    ASCII for digits of any script."""
    if unicodedata2.combining(char) or _IGNORED.match(char):
        return ""
    if not _LETTER.match(char):
        return " "
    if _SINGLE.match(char):
        return f" {char} "
    digit = unicodedata2.decimal(char, None)
    return char if digit is None else str(digit)
