"""What the sweep finds and what the bell tells may come in any order; a socket gets each place once, with its event."""

import asyncio
from uuid import uuid4

import pytest

from chatproject.common.publish import Ring, conversation_topic, person_topic
from messaging.feed import Feed
from messaging.rooms import Listening, Person, Room

pytestmark = pytest.mark.faults


class Ear:
    """What the feed needs of a socket; it keeps what it hears."""

    def __init__(self) -> None:
        self.user_id, self.outbox, self.hearing, self.heard = uuid4(), self, set(), []

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        self.heard += payloads

    def send(self, payload: bytes) -> None:
        self.heard.append(payload)


@pytest.mark.parametrize("told", [[11, 12, 13], [12, 11, 13], [13, 12, 11]])
async def test_the_mark_of_a_head_is_no_event(told: list[int]) -> None:
    feed, ear, id_ = Feed(), Ear(), uuid4()
    loop = asyncio.get_running_loop()
    feed._loop = loop
    room = feed.rooms[id_] = Room(id_, loop.create_future())
    room.place, room.repairing = 10, True
    room.add(ear, Listening(0, 10))
    room.waiting[12] = Ring(conversation_topic(id_), 12, b"")

    for seq in told:
        feed.hear([Ring(conversation_topic(id_), seq, b"event %d" % seq)])
    room.flush()

    assert ear.heard == [b"event 11", b"event 12", b"event 13"]
    assert (room.place, room.waiting) == (13, {})


@pytest.mark.parametrize("told", [[11, 12, 13], [12, 11, 13], [13, 12, 11]])
async def test_personal_rings_that_cross_are_handed_on_in_order(told: list[int]) -> None:
    feed, ear = Feed(), Ear()
    person = Person(ear.user_id, asyncio.get_running_loop().create_future())
    feed.people._here[ear.user_id] = person
    person.place, person.renewing = 10, True
    person.sockets[ear] = None

    for seq in told:
        feed.hear([Ring(person_topic(ear.user_id), seq, b"event %d" % seq)])

    assert ear.heard == [b"event 11", b"event 12", b"event 13"]
    assert (person.place, person.heard, person.early) == (13, 13, {})
