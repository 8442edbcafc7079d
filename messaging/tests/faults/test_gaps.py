"""What the sweep finds and what is published may come in any order; a socket gets each seq once, with its event."""

import asyncio
from uuid import UUID, uuid4

import pytest

from common.publish import Publication, conversation_topic, user_topic
from messaging.reading.log import Entry
from messaging.realtime.hub import Hub
from messaging.realtime.streams import GAP_SECONDS, ConversationStream, Subscription, UserStream

pytestmark = pytest.mark.faults


class RecordingSubscriber:
    """What the hub needs of a socket. It keeps what it receives."""

    def __init__(self) -> None:
        self.user_id, self.outbox, self.subscribed, self.received = uuid4(), self, set(), []

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        self.received += payloads

    def send(self, payload: bytes) -> None:
        self.received.append(payload)


@pytest.mark.parametrize("seqs", [[11, 12, 13], [12, 11, 13], [13, 12, 11]])
async def test_a_head_that_a_sweep_noted_is_no_event(seqs: list[int]) -> None:
    hub, subscriber, id_ = Hub(), RecordingSubscriber(), uuid4()
    loop = asyncio.get_running_loop()
    hub._loop = loop
    stream = hub.conversations[id_] = ConversationStream(id_, loop.create_future())
    stream.position, stream.is_repairing = 10, True
    stream.add(subscriber, Subscription(0, 10))
    stream.early[12] = Publication(conversation_topic(id_), 12, b"")

    for seq in seqs:
        hub.receive([Publication(conversation_topic(id_), seq, b"event %d" % seq)])
    stream.flush()

    assert subscriber.received == [b"event 11", b"event 12", b"event 13"]
    assert (stream.position, stream.early) == (13, {})


@pytest.mark.parametrize("seqs", [[11, 12, 13], [12, 11, 13], [13, 12, 11]])
async def test_a_users_publications_that_overtake_each_other_are_delivered_in_order(seqs: list[int]) -> None:
    hub, subscriber = Hub(), RecordingSubscriber()
    stream = UserStream(subscriber.user_id, asyncio.get_running_loop().create_future())
    hub.users._streams[subscriber.user_id] = stream
    stream.position, stream.is_refreshing = 10, True
    stream.sockets[subscriber] = None

    for seq in seqs:
        hub.receive([Publication(user_topic(subscriber.user_id), seq, b"event %d" % seq)])

    assert subscriber.received == [b"event 11", b"event 12", b"event 13"]
    assert (stream.position, stream.highest_seq, stream.early) == (13, 13, {})


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_was_overtaken_is_waited_for_and_what_was_lost_is_read(monkeypatch, is_lost: bool) -> None:
    async def read(action: object, conversation_id: UUID, *, after: int) -> list[Entry]:
        reads.append(after)
        return [Entry(seq, b"event %d" % seq) for seq in range(after + 1, 15)]

    hub, subscriber, id_, reads = Hub(), RecordingSubscriber(), uuid4(), []
    monkeypatch.setattr("messaging.realtime.hub.in_thread", read)
    loop = asyncio.get_running_loop()
    hub._loop = loop
    stream = hub.conversations[id_] = ConversationStream(id_, loop.create_future())
    stream.position = 10
    stream.add(subscriber, Subscription(0, 10))

    # Each second one is overtaken by three periods of waiting; all of it takes longer than a gap is waited for.
    for seq in (12, 11, 14, 13) if not is_lost else (12, 14):
        hub.receive([Publication(conversation_topic(id_), seq, b"event %d" % seq)])
        await asyncio.sleep(3 * GAP_SECONDS)
    while stream.is_repairing:
        await asyncio.sleep(GAP_SECONDS)
    stream.flush()

    assert subscriber.received == [b"event %d" % seq for seq in (11, 12, 13, 14)]
    assert reads == ([10] if is_lost else [])
