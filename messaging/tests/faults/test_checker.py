"""The checker finds what it is there to find."""

from collections.abc import Callable

import pytest

from messaging.tests.faults.checker import Copy, Entry, Send, problems

ACKED = [
    Send("alice", f"c{n}", f"text {n}", {"seq": n, "id": f"i{n}", "client_id": f"c{n}", "content": f"text {n}"})
    for n in range(2, 10)
]
SENDS = [*ACKED, Send("alice", "open", "never answered")]


def whole() -> list[Entry]:
    return [Entry(1), *(Entry(n, f"i{n}", f"c{n}", f"text {n}") for n in range(2, 10))]


def of(entries: list[Entry], **more) -> list[str]:
    return problems(SENDS, [Copy("tables", whole()), Copy("socket", entries, **more)])


def test_it_has_nothing_to_say_of_true_copies() -> None:
    assert of(whole()) == []
    assert of(whole()[4:], after=4) == []
    assert of(whole()[1:], whole=False) == []


def test_what_was_not_answered_may_be_there_or_not() -> None:
    stored = [*whole(), Entry(10, "i10", "open", "never answered")]
    assert problems(SENDS, [Copy("tables", stored), Copy("socket", list(stored))]) == []


SEEDED: dict[str, Callable[[list[Entry]], object]] = {
    "lost": lambda entries: entries.pop(5),
    "gap": lambda entries: entries.pop(0),
    "duplicated": lambda entries: entries.insert(5, entries[4]),
    "phantom": lambda entries: entries.append(Entry(10, "i10", "c10", "nobody sent this")),
    "order": lambda entries: entries.insert(3, entries.pop(6)),
    "not as acked": lambda entries: entries.__setitem__(4, entries[4]._replace(content="changed")),
    "differs": lambda entries: entries.pop(),
}


@pytest.mark.parametrize("fault", SEEDED)
def test_it_finds_each_fault_that_is_put_in(fault: str) -> None:
    entries = whole()
    SEEDED[fault](entries)
    assert any(f"socket: {fault}" in problem for problem in of(entries))


def test_it_finds_what_is_lost_everywhere() -> None:
    entries = whole()
    entries[5:] = [entry._replace(seq=entry.seq - 1) for entry in entries[6:]]
    found = problems(SENDS, [Copy("tables", entries), Copy("socket", list(entries))])
    assert any("tables: lost" in problem for problem in found)
    assert any("tables: not as acked" in problem for problem in found)


def test_it_finds_one_message_kept_twice() -> None:
    entries = [*whole(), Entry(10, "i10", "c9", "text 9")]
    found = problems(SENDS, [Copy("tables", entries), Copy("socket", list(entries))])
    assert any("tables: duplicated: client_id c9" in problem for problem in found)
