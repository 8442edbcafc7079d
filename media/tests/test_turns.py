"""Places that people share."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatproject.common.errors import Refusal
from media.turns import MOST_WAITING, Turns

pytestmark = pytest.mark.plain


def waiting(turns, count):
    while sum(map(len, turns._waiting.values())) < count:
        threading.Event().wait(0.001)


def test_a_pile_of_one_person_is_one_at_a_time_and_leaves_the_other_place_free():
    turns = Turns(2)
    with ThreadPoolExecutor(2 * MOST_WAITING) as pool, turns.turn("alice", 1):
        pile = [pool.submit(_pass, turns, "alice") for _ in range(3)]
        waiting(turns, 3)
        with turns.turn("bob", 0):
            assert not any(one.done() for one in pile)
    assert [one.result() for one in pile] == ["alice"] * 3


def test_a_free_place_goes_to_whoever_had_theirs_longest_ago():
    turns, order = Turns(1), []
    with ThreadPoolExecutor(2 * MOST_WAITING) as pool, turns.turn("olga", 1):
        for number, person in enumerate(["alice", "alice", "alice", "bob", "carol"], 1):
            pool.submit(_pass, turns, person, order)
            waiting(turns, number)
    assert order == ["alice", "bob", "carol", "alice", "alice"]


def test_of_one_person_only_some_wait():
    turns = Turns(1)
    with ThreadPoolExecutor(2 * MOST_WAITING) as pool, turns.turn("olga", 1):
        pile = [pool.submit(_pass, turns, "alice") for _ in range(MOST_WAITING)]
        waiting(turns, MOST_WAITING)
        with pytest.raises(Refusal):
            _pass(turns, "alice")
    assert [one.result() for one in pile] == ["alice"] * MOST_WAITING


def _pass(turns, person, order=None):
    with turns.turn(person, 30):
        if order is not None:
            order.append(person)
    return person
