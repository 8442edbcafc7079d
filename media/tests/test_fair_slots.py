"""Slots that people share fairly."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.errors import Refusal
from media.fair_slots import MAX_WAITING, FairSlots

pytestmark = pytest.mark.plain


def waiting(slots, count):
    while sum(map(len, slots._waiting.values())) < count:
        threading.Event().wait(0.001)


def test_one_person_has_one_slot_at_a_time():
    slots = FairSlots(2)
    with ThreadPoolExecutor(2 * MAX_WAITING) as pool, slots.acquire("alice", 1):
        pile = [pool.submit(_pass, slots, "alice") for _ in range(3)]
        waiting(slots, 3)
        with slots.acquire("bob", 0):
            assert not any(one.done() for one in pile)
    assert [one.result() for one in pile] == ["alice"] * 3


def test_a_free_slot_goes_to_the_person_who_had_one_longest_ago():
    slots, order = FairSlots(1), []
    with ThreadPoolExecutor(2 * MAX_WAITING) as pool, slots.acquire("olga", 1):
        for number, person in enumerate(["alice", "alice", "alice", "bob", "carol"], 1):
            pool.submit(_pass, slots, person, order)
            waiting(slots, number)
    assert order == ["alice", "bob", "carol", "alice", "alice"]


def test_only_some_of_one_person_may_wait():
    slots = FairSlots(1)
    with ThreadPoolExecutor(2 * MAX_WAITING) as pool, slots.acquire("olga", 1):
        pile = [pool.submit(_pass, slots, "alice") for _ in range(MAX_WAITING)]
        waiting(slots, MAX_WAITING)
        with pytest.raises(Refusal):
            _pass(slots, "alice")
    assert [one.result() for one in pile] == ["alice"] * MAX_WAITING


def _pass(slots, person, order=None):
    with slots.acquire(person, 30):
        if order is not None:
            order.append(person)
    return person
