"""Searching messages: who finds what, in which order, and what is shown of it. The same on both databases."""

import random
import re
import sqlite3
import unicodedata
from itertools import chain
from urllib.parse import quote, urlencode

import pytest
from django.core.management import call_command
from django.db import connection

from chatproject.tests.server import Server, postgres_session
from conversations.services import create_group
from messaging import search_schema
from messaging.models import Message
from messaging.search import CANDIDATES, Query, snippet
from messaging.services import send_message
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.test_blocks import block
from messaging.wire.writing import NewMessage
from messaging.writer import writer


def find(who, q: str, **narrowed) -> list[dict]:
    """All that somebody finds, page by page."""
    found, url = [], f"messages/search/?{urlencode({'q': q, **narrowed})}"
    while url:
        page = who.get(url)
        found += page["results"]
        url = page["next"] and page["next"].split("/api/v1/")[1]
    return found


def contents(who, q: str, **narrowed) -> list[str]:
    return [hit["message"]["content"] for hit in find(who, q, **narrowed)]


@pytest.fixture
def scene(person):
    """alice and bob in a group; carol is outside."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    return alice, bob, carol, alice.group(bob)


# --- What matches -----------------------------------------------------------------------------------------------
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


@pytest.fixture(scope="module")
def solo(server):
    """alice alone."""
    return cast_on(server)("alice")


@pytest.mark.parametrize(("q", "content"), FOUND)
def test_words_match_whatever_their_case_accents_and_punctuation(solo, q: str, content: str) -> None:
    assert contents(solo, q, conversation=_said(solo, content)) == [content]


@pytest.mark.parametrize(("q", "content"), NOT_FOUND)
def test_all_words_must_be_there_and_none_is_an_operator(solo, q: str, content: str) -> None:
    group = _said(solo, content)
    assert contents(solo, q, conversation=group) == []
    assert contents(solo, content, conversation=group) == [content]


def _said(who, *texts: str) -> str:
    group = who.group()
    for text in texts:
        who.write(group, text)
    return group


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
    group = _said(solo, "zebra yak")
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
    assert contents(solo, q, conversation=_said(solo, said)) == [said]


@pytest.mark.parametrize("q", ["--", "* *", '"";', "%%%", "\x00\x00", "()", "' OR 1=1 --"])
def test_of_punctuation_nothing_is_found(solo, q: str) -> None:
    _said(solo, "Is it? -- Yes (*): 😀😀 %%%")
    assert solo.get(f"messages/search/?q={quote(q)}") == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("q", [None, "", "a", " a ", "   ", "a" * 201])
def test_too_little_and_too_much_is_refused(solo, q: str | None) -> None:
    answer = solo.call("GET", "messages/search/", params={} if q is None else {"q": q})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "q")
    assert solo.code("GET", f"messages/search/?q={'a' * 200}") == "ok"


LETTERS = ["a", "b", "ab", "abc", "á", "B", "Ç", "ß", "é", "1", "世", " ", " ", "-", "'", "_", "*", '"', ":", "\\", "."]


def test_it_finds_what_a_plain_reading_finds(person) -> None:
    chance, alice = random.Random(7), person("alice")
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


# --- Who finds it -----------------------------------------------------------------------------------------------
def test_only_members_find_it(scene) -> None:
    alice, bob, carol, group = scene
    alice.write(group, "A secret plan")
    assert contents(bob, "secret") == contents(alice, "secret") == ["A secret plan"]
    assert contents(carol, "secret") == []


def test_who_has_left_or_was_removed_finds_nothing_until_they_are_back(scene) -> None:
    alice, bob, carol, group = scene
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
    alice.write(group, "A secret plan")
    assert contents(bob, "secret") == contents(carol, "secret") == ["A secret plan"]

    bob.call("DELETE", f"conversations/{group}/members/me/")
    alice.call("DELETE", f"conversations/{group}/members/{carol.id}/")
    assert contents(bob, "secret") == contents(carol, "secret") == []

    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    assert contents(bob, "secret") == ["A secret plan"]


def test_where_history_begins_with_joining_nobody_finds_what_was_before(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(history="joined")
    alice.write(group, "The old plan")
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    alice.write(group, "The new plan")

    assert contents(bob, "plan") == contents(bob, "plan", conversation=group) == ["The new plan"]
    assert len(find(alice, "plan")) == 2


def test_a_deleted_conversation_is_not_searched(scene) -> None:
    alice, bob, _, group = scene
    alice.write(group, "A secret plan")
    assert find(bob, "secret")
    alice.call("DELETE", f"conversations/{group}/")
    assert find(bob, "secret") == find(alice, "secret") == []


def test_deleted_and_edited_text_is_not_found(scene) -> None:
    alice, bob, _, group = scene
    gone, changed = alice.write(group, "First apple"), alice.write(group, "Second apple")
    assert len(find(bob, "apple")) == 2

    alice.call("DELETE", f"messages/{gone['id']}/")
    alice.call("PATCH", f"messages/{changed['id']}/", json={"content": "Second pear"})

    assert find(bob, "apple") == find(bob, "first") == []
    assert contents(bob, "pear") == contents(bob, "second") == ["Second pear"]
    alice.call("DELETE", f"messages/{changed['id']}/")
    assert find(bob, "pear") == []


def test_an_edit_keeps_its_place_among_the_found(scene) -> None:
    alice, _, _, group = scene
    first = alice.write(group, "One pear")
    alice.write(group, "Two apples")
    alice.call("PATCH", f"messages/{first['id']}/", json={"content": "One apples"})
    assert contents(alice, "apples") == ["Two apples", "One apples"]


def test_of_blocked_people_it_is_folded(scene) -> None:
    alice, bob, _, group = scene
    bob.write(group, "The plan of bob")
    alice.write(group, "The plan of alice")
    block(alice, bob)
    shown = [(hit["message"]["content"], hit["message"].get("is_folded")) for hit in find(alice, "plan")]
    assert shown == [("The plan of alice", None), ("The plan of bob", True)]
    assert "status" in find(alice, "alice")[0]["message"]


def test_nobody_signed_in_searches_nothing(solo, api) -> None:
    assert api.get("/api/v1/messages/search/?q=hello").status_code == 401
    assert solo.code("GET", "messages/search/?q=hello") == "ok"


# --- Narrowing --------------------------------------------------------------------------------------------------
def test_it_is_narrowed_to_a_conversation_a_person_a_type_and_a_time(scene) -> None:
    alice, bob, _, group = scene
    other = bob.group(alice)
    sent = [
        who.write(where, f"plan {n}") for n, (who, where) in enumerate([(alice, group), (bob, group), (bob, other)])
    ]
    times = [message["created_at"] for message in sent]

    assert contents(alice, "plan") == ["plan 2", "plan 1", "plan 0"]
    assert contents(alice, "plan", conversation=group) == ["plan 1", "plan 0"]
    assert contents(alice, "plan", sender=bob.id) == ["plan 2", "plan 1"]
    assert contents(alice, "plan", sender=bob.id, conversation=group) == ["plan 1"]
    assert contents(alice, "plan", sender=group) == []
    assert contents(alice, "plan", content_type="text") == ["plan 2", "plan 1", "plan 0"]
    assert contents(alice, "plan", content_type="image") == []
    assert contents(alice, "plan", before=times[1]) == ["plan 0"]
    assert contents(alice, "plan", after=times[1]) == ["plan 2"]
    assert contents(alice, "plan", after=times[0], before=times[2]) == ["plan 1"]
    assert contents(alice, "plan", before=times[1].replace("Z", "+00:00")) == ["plan 0"]


def test_a_conversation_that_is_not_mine_is_none(scene) -> None:
    alice, _, carol, group = scene
    for id_ in (group, "0190c7b4-0000-7000-8000-000000000000", "nonsense"):
        assert carol.code("GET", f"messages/search/?q=plan&conversation={id_}") == "not_found"
    assert alice.code("GET", f"messages/search/?q=plan&conversation={group}") == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "bob"),
        ("content_type", "nonsense"),
        ("before", "yesterday"),
        ("before", "2026-01-31"),
        ("after", "2026-01-31T12:00:00"),
        ("after", "9999-12-31T23:59:59-12:00"),
        ("after", "1767225600"),
        ("order", "oldest"),
        ("limit", "0"),
        ("limit", "101"),
        ("cursor", "nonsense"),
    ],
)
def test_what_cannot_be_read_is_refused(solo, name: str, value: str) -> None:
    answer = solo.call("GET", "messages/search/", params={"q": "plan", name: value})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


# --- Order, pages and snippets ----------------------------------------------------------------------------------
def test_whole_words_that_stand_together_come_first_then_the_newest(solo) -> None:
    best, middling, worst = "The green tea is ready", "Tea, and a green cup", "A teapot, and it is green"
    group = _said(solo, best, worst, middling, "A green lawn")

    hits = find(solo, "green tea", conversation=group)

    assert [(hit["message"]["content"], hit["rank"]) for hit in hits] == [(best, 3), (middling, 2), (worst, 1)]
    assert contents(solo, "green tea", conversation=group, order="newest") == [middling, worst, best]


@pytest.mark.parametrize("order", ["relevance", "newest"])
def test_walking_yields_every_match_once_in_both_directions(solo, order: str) -> None:
    group = _said(solo, *(f"plan{'ning' * (n % 2)} {n}" for n in range(23)))
    whole = contents(solo, "plan", conversation=group, order=order, limit=100)
    there, back, url = [], [], f"messages/search/?q=plan&conversation={group}&order={order}&limit=5"
    while url:
        page = solo.get(url)
        there.append([hit["message"]["content"] for hit in page["results"]])
        url, last = page["next"] and page["next"].split("/api/v1/")[1], page
    while last["previous"]:
        last = solo.get(last["previous"].split("/api/v1/")[1])
        back.insert(0, [hit["message"]["content"] for hit in last["results"]])

    assert list(chain(*there)) == whole == contents(solo, "plan", conversation=group, order=order, limit=7)
    assert len(set(whole)) == 23
    assert back == there[:-1]


def test_a_hit_shows_the_text_around_the_first_word_found(solo) -> None:
    text = f"{'before ' * 30}the Größe of it\n{'after ' * 60}and größer"
    hit = find(solo, "grosse", conversation=_said(solo, text))[0]

    shown, marked = hit["snippet"], hit["highlights"]

    assert len(shown) <= 202
    assert [shown[begin:end] for begin, end in marked] == ["Größe"]
    assert shown.startswith("…before")
    assert shown.endswith("after…")
    assert shown.strip("…") in text
    assert hit["message"]["content"] == text


@pytest.mark.parametrize(
    ("content", "q", "marked"),
    [
        ("Hello hello HELLOS", "hello", ["Hello", "hello", "HELLOS"]),
        ("<b>bob</b> & co", "bob", ["bob"]),
        ("😀 cafe\u0301 noir", "café no", ["cafe\u0301", "noir"]),
        ("你好世界", "世界", ["世", "界"]),
        ("x" * 500, "xx", ["x" * 200]),
        ("bob " * 100, "bob", ["bob"] * 50),
        ("a" * 150 + " " + "b" * 150, "bb", ["b" * 140]),
        (("y" * 300 + " ") * 2 + "end", "end", ["end"]),
    ],
)
def test_highlights_are_offsets_into_the_snippet(content: str, q: str, marked: list[str]) -> None:
    shown, highlights = snippet(content, Query(q))
    assert len(shown) <= 202
    assert shown.strip("…") in content
    assert [shown[begin:end] for begin, end in highlights] == marked


# --- Bounds -----------------------------------------------------------------------------------------------------
def test_searching_too_often_is_refused() -> None:
    with Server(env={**GENEROUS, "RATE_SEARCH": "2/m"}) as server:
        alice, bob = (cast_on(server)(name) for name in ("alice", "bob"))
        assert [alice.code("GET", "messages/search/?q=hello") for _ in range(3)] == ["ok", "ok", "rate_limited"]
        assert alice.call("GET", "messages/search/?q=hello").headers["Retry-After"]
        assert bob.code("GET", "messages/search/?q=hello") == "ok"


def test_a_search_that_takes_too_long_is_given_up_by_postgresql(server, solo) -> None:
    if "DATABASE_URL" not in server.env:
        pytest.skip("SQLite has a test of its own")
    with postgres_session(server.env["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE messaging_message IN ACCESS EXCLUSIVE MODE")
        answer = solo.call("GET", "messages/search/?q=hello")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert solo.code("GET", "messages/search/?q=hello") == "ok"


def test_a_search_that_takes_too_long_is_given_up_by_sqlite(alice_in_process, monkeypatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has a test of its own")
    client, say = alice_in_process
    for n in range(40):
        say(f"plan {n}")
    monkeypatch.setattr("messaging.search.TIMEOUT_MS", 0)
    answer = client.get("/api/v1/messages/search/?q=plan")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    monkeypatch.setattr("messaging.search.TIMEOUT_MS", 2000)
    assert len(client.get("/api/v1/messages/search/?q=plan").json()["results"]) == 40


def test_only_the_newest_matches_are_ranked(alice_in_process, monkeypatch) -> None:
    monkeypatch.setattr("messaging.search.CANDIDATES", 3)
    assert CANDIDATES == 200
    client, say = alice_in_process
    for text in ("planning 0", "planning 1", "planning 2", "planning 3"):
        say(text)
    found = client.get("/api/v1/messages/search/?q=plan").json()["results"]
    assert [hit["message"]["content"] for hit in found] == ["planning 3", "planning 2", "planning 1"]


def test_by_relevance_beginnings_fill_up_what_whole_words_leave(alice_in_process, monkeypatch) -> None:
    monkeypatch.setattr("messaging.search.CANDIDATES", 2)
    client, say = alice_in_process

    def found(order: str) -> list[str]:
        hits = client.get(f"/api/v1/messages/search/?q=plan&order={order}").json()["results"]
        return [hit["message"]["content"] for hit in hits]

    for text in ("plan 0", "planning 1", "planning 2"):
        say(text)
    assert found("relevance") == ["plan 0", "planning 2", "planning 1"]
    say("plan 3")
    say("planning 4")
    assert found("relevance") == ["plan 3", "plan 0"]
    assert found("newest") == ["planning 4", "plan 3"]


# --- The index --------------------------------------------------------------------------------------------------
@pytest.fixture
def alice_in_process(transactional_db, sign_in, settings):
    """A client of alice in this process, and how she writes."""
    from accounts.services import create_person

    settings.RATE_MESSAGES = GENEROUS["RATE_MESSAGES"]
    alice = create_person(email="alice@example.org", username="alice", password="correct horse battery")
    made = {"description": "", "member_ids": [], "history": "all", "members_can_invite": False}
    group = create_group(alice, name="Notes", **made)
    yield sign_in(alice), lambda text: send_message(alice, conversation_id=group.id, message=NewMessage(content=text))
    writer.stop()


def test_the_migrations_end_with_the_index(transactional_db) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'message_words'")
            assert "USING gin (words)" in cursor.fetchone()[0]
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'messaging_message'")
            assert {name for (name,) in cursor.fetchall()} == search_schema.TRIGGERS.keys()


def test_an_emptied_table_empties_the_index(alice_in_process) -> None:
    client, say = alice_in_process
    say("A plan")
    assert client.get("/api/v1/messages/search/?q=plan").json()["results"]
    call_command("flush", interactive=False)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM messaging_search_key")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM messaging_search WHERE messaging_search MATCH 'plan'")
            assert cursor.fetchone() == (0,)
    assert not Message.objects.exists()


def test_vacuum_moves_nothing(server, scene) -> None:
    alice, _, _, group = scene
    if "DATABASE_URL" in server.env:
        pytest.skip("PostgreSQL has no such numbers")
    sent = [alice.write(group, f"plan {n}") for n in range(5)]
    alice.call("DELETE", f"messages/{sent[1]['id']}/")
    with sqlite3.connect(server.data_dir / "chat.sqlite3", isolation_level=None) as other:
        other.execute("DELETE FROM messaging_message WHERE id = ?", [sent[1]["id"].replace("-", "")])
        other.execute("VACUUM")
    other.close()
    assert contents(alice, "plan") == ["plan 4", "plan 3", "plan 2", "plan 0"]
    assert contents(alice, "plan 3") == ["plan 3"]
