"""The checker finds what it is there to find."""

from collections.abc import Callable

import pytest

from messaging.tests.faults.checker import Copy, Place, Send, problems

ACKED = [
    Send("alice", f"c{n}", f"text {n}", {"seq": n, "id": f"i{n}", "client_id": f"c{n}", "content": f"text {n}"})
    for n in range(2, 10)
]
SENDS = [*ACKED, Send("alice", "open", "never answered")]


def whole() -> list[Place]:
    return [Place(1), *(Place(n, f"i{n}", f"c{n}", f"text {n}") for n in range(2, 10))]


def of(places: list[Place], **more) -> list[str]:
    return problems(SENDS, [Copy("tables", whole()), Copy("socket", places, **more)])


def test_it_has_nothing_to_say_of_true_copies() -> None:
    assert of(whole()) == []
    assert of(whole()[4:], after=4) == []
    assert of(whole()[1:], whole=False) == []


def test_what_was_not_answered_may_be_there_or_not() -> None:
    stored = [*whole(), Place(10, "i10", "open", "never answered")]
    assert problems(SENDS, [Copy("tables", stored), Copy("socket", list(stored))]) == []


SEEDED: dict[str, Callable[[list[Place]], object]] = {
    "lost": lambda places: places.pop(5),
    "gap": lambda places: places.pop(0),
    "duplicated": lambda places: places.insert(5, places[4]),
    "phantom": lambda places: places.append(Place(10, "i10", "c10", "nobody sent this")),
    "order": lambda places: places.insert(3, places.pop(6)),
    "not as acked": lambda places: places.__setitem__(4, places[4]._replace(content="changed")),
    "differs": lambda places: places.pop(),
}


@pytest.mark.parametrize("fault", SEEDED)
def test_it_finds_each_fault_that_is_put_in(fault: str) -> None:
    places = whole()
    SEEDED[fault](places)
    assert any(f"socket: {fault}" in problem for problem in of(places))


def test_it_finds_what_is_lost_everywhere() -> None:
    places = whole()
    places[5:] = [place._replace(seq=place.seq - 1) for place in places[6:]]
    found = problems(SENDS, [Copy("tables", places), Copy("socket", list(places))])
    assert any("tables: lost" in problem for problem in found)
    assert any("tables: not as acked" in problem for problem in found)


def test_it_finds_one_message_kept_twice() -> None:
    places = [*whole(), Place(10, "i10", "c9", "text 9")]
    found = problems(SENDS, [Copy("tables", places), Copy("socket", list(places))])
    assert any("tables: duplicated: client_id c9" in problem for problem in found)
