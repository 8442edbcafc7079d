"""What a text is found by: its words, folded until case, accents and width make no difference.

Python folds what is kept and what is asked. PostgreSQL's parser and SQLite's tokenizer disagree on what a word is, and
on which letters are alike; given words, both only compare them.
"""

from collections.abc import Iterator

import regex
import unicodedata2

WORD_SIZE = 64
"""Letters of a word that count."""
ALIKE = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
"""Letters that Unicode does not decompose, and people do."""
_ALONE = regex.compile(
    r"(?V1)[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Mymr}\p{sc=Khmr}]&&[\p{L}\p{M}\p{N}]]"
    r"|[[\p{Extended_Pictographic}\U0001F1E6-\U0001F1FF]--\p{ASCII}]"
)
"""Words of one letter: of scripts without spaces between words, and pictures."""
_NOTHING = regex.compile(r"[\p{Cf}\p{Me}\p{DI}\p{Emoji_Modifier}\u0640]")
"""Between letters and around pictures: joiners, frames, styles, tones of skin, and what only makes a word longer."""
_LETTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_JOINING = regex.compile(r"[\p{Pd}\p{Pc}'’ʼ.]+")
_GIVEN = regex.compile(r"(?<![가-힣])[가-힣]{1,2}?([가-힣]{1,2})(?![가-힣])")
"""The given name in a Korean one of two to four syllables: no space stands before it."""
KNOWN_LETTERS = 10_000


def words(text: str) -> list[str]:
    """The words of a text in their order."""
    return [word[:WORD_SIZE] for word in text.translate(_folding).split()]


def name_words(*names: str) -> list[str]:
    """The words that people are found by: those of their names, also where these are written in one (`OBrien`)."""
    return list(dict.fromkeys(word for name in names for text in _readings(name) for word in words(text)))


def _readings(name: str) -> Iterator[str]:
    yield from (name, _JOINING.sub("", name))
    yield from _GIVEN.findall(unicodedata2.normalize("NFC", name))


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
    if _NOTHING.match(char):
        return ""
    if _ALONE.match(char) and not _LETTER.match(char):
        return f" {char} "
    plain = unicodedata2.normalize("NFKD", unicodedata2.normalize("NFKD", char).casefold())
    return "".join(map(_part, plain.translate(ALIKE)))


def _part(char: str) -> str:
    """A letter, a space in place of what separates words, nothing in place of accents and invisible joiners. Digits are
    those of ASCII, whatever the script."""
    if unicodedata2.combining(char) or _NOTHING.match(char):
        return ""
    if not _LETTER.match(char):
        return " "
    if _ALONE.match(char):
        return f" {char} "
    digit = unicodedata2.decimal(char, None)
    return char if digit is None else str(digit)
