"""What matches: terms in any case, with any accents; and no sign is an operator. The same on both databases."""

import random
import re
import unicodedata
from urllib.parse import quote

import pytest

from messaging.search.tests.hits import contents, group_saying

FOUND = [
    # what is asked, what is written
    ("hello", "Hello, Bob"),
    ("HELLO", "hello"),
    ("bob hello", "Hello, Bob"),
    ("hel", "Hello"),
    ("hello bo", "Bob says hello"),
    ("cafe", "Un café noir"),
    ("CAFÉ", "cafe"),
    ("cafe\u0301", "café"),
    ("strasse", "Straße"),
    ("lodz", "ŁÓDŹ"),
    ("smorrebrod", "Smørrebrød"),
    ("ΟΔΟΣ", "οδός"),
    ("елка", "Ёлка"),
    ("full width", "ｆｕｌｌ ｗｉｄｔｈ"),
    ("世界", "你好世界"),
    ("ひら", "これはひらがなです"),
    ("soft", "so\u00adft"),
    ("don't", "I don't know"),
    ("e-mail", "My e mail"),
    ("alice@example.org", "write to alice@example.org!"),
    ("https://example.org/a?b=c", "See https://example.org/a?b=c&d=e"),
    ("3.14", "It is 3.14159"),
    ("-5", "At -5 degrees"),
    ("snake_case", "some snake_case here"),
    ("x" * 150, "x" * 300),
    ("a b", "b and a"),
]
NOT_FOUND = [
    ("ello", "Hello"),
    ("hel bob", "Hello, Bob"),
    ("hello there", "Hello"),
    ("hello -bob", "Hello"),
    ("a i", "an idea"),
    ("NOT bob", "bob"),
    ("bob OR carol", "bob"),
    ("b%b", "bob"),
    ("b_b", "bob"),
    ("b.b", "bob"),
    ("bo?", "bab"),
    ("*ob", "bob"),
    ("words : bob", "bob"),
    ("bob NEAR hello", "bob hello"),
    ("hell\\o", "hello"),
]


@pytest.mark.parametrize(("q", "content"), FOUND)
def test_terms_match_in_any_case_with_any_accents_and_punctuation(solo, q: str, content: str) -> None:
    assert contents(solo, q, conversation=group_saying(solo, content)) == [content]


@pytest.mark.parametrize(("q", "content"), NOT_FOUND)
def test_all_terms_must_match_and_none_is_an_operator(solo, q: str, content: str) -> None:
    group = group_saying(solo, content)
    assert contents(solo, q, conversation=group) == []
    assert contents(solo, content, conversation=group) == [content]


SPECIAL = [
    *"\"*():-+^%_\\'@#{}[]<>|&!?;,./~`$= ",
    "\x00",
    "\n",
    "\u2028",
    "''",
    '""',
    "--",
    "/*",
    "*/",
    "%%",
    "??",
    ":*",
]


@pytest.mark.parametrize("special", SPECIAL)
def test_special_characters_are_text(solo, special: str) -> None:
    group = group_saying(solo, "zebra yak")
    for q in (f"zebra{special}yak", f"{special}zebra yak{special}", f"zebra {special} ya", f"{special}zebra{special}"):
        assert contents(solo, q, conversation=group) == ["zebra yak"], q
    assert contents(solo, f"zebra{special}xylophone", conversation=group) == []


ALIKE = [
    ("Alles ❤️ hier", "❤"),
    ("Alles ❤ hier", "❤️"),
    ("Hallo 👋🏽!", "👋"),
    ("Hallo👋", "👋🏿"),
    ("Am 👩‍💻", "👩‍💻"),
    ("🫩🩷", "🩷"),
    ("مرحبـــا", "مرحبا"),
    ("رقم ١٢٣", "123"),
    ("number 123", "١٢٣"),
    ("我爱你", "爱"),
    ("カタカナ", "タ"),
]


@pytest.mark.parametrize(("said", "q"), ALIKE, ids=ascii)
def test_pictures_digits_and_single_letters_are_found(solo, said: str, q: str) -> None:
    assert contents(solo, q, conversation=group_saying(solo, said)) == [said]


@pytest.mark.parametrize("q", ["--", "* *", '"";', "%%%", "\x00\x00", "()", "' OR 1=1 --"])
def test_punctuation_alone_finds_nothing(solo, q: str) -> None:
    group_saying(solo, "Is it? -- Yes (*): 😀😀 %%%")
    assert solo.get(f"messages/search/?q={quote(q)}") == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("q", [None, "", "a", " a ", "   ", "a" * 201])
def test_a_query_that_is_too_short_or_too_long_is_refused(solo, q: str | None) -> None:
    answer = solo.call("GET", "messages/search/", params={} if q is None else {"q": q})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "q")
    assert solo.code("GET", f"messages/search/?q={'a' * 200}") == "ok"


LETTERS = ["a", "b", "ab", "abc", "á", "B", "Ç", "ß", "é", "1", "世", " ", " ", "-", "'", "_", "*", '"', ":", "\\", "."]


def test_it_finds_what_a_scan_of_all_messages_finds(signed_up) -> None:
    chance, alice = random.Random(7), signed_up("alice")
    group = alice.group()
    texts = {"".join(chance.choices(LETTERS, k=chance.randint(2, 14))).strip() or "x" for _ in range(150)}
    for text in sorted(texts):
        alice.write(group, text)

    for q in [*("".join(chance.choices(LETTERS, k=chance.randint(2, 6))) for _ in range(100)), "ab", "a b", "abc ab"]:
        if len(q.strip()) >= 2:
            assert sorted(contents(alice, q)) == sorted(text for text in texts if _plainly(q, text)), q


def _plainly(q: str, text: str) -> bool:
    """What matches, said in another way than the code does."""
    asked, said = _plain_words(q), _plain_words(text)
    if not asked:
        return False
    *whole, last = asked
    begins = any(word.startswith(last) for word in said) if len(last) > 1 else last in said
    return begins and all(word in said for word in whole)


def _plain_words(text: str) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"世|[a-z0-9]+", bare)
