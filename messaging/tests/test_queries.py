"""Reading a longer list takes no more queries."""

from collections.abc import Iterator
from uuid import UUID

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as people
from common.epoch import epoch
from conversations.models import Membership
from conversations.services import ban, create_group, create_invite, open_direct
from media.models import Blob, Upload
from messaging import services
from messaging.services import send_message
from messaging.tests.client import LIMITS
from messaging.tests.endpoints import CONVERSATION, MEMBERS_ONLY
from messaging.wire.writing import MessageChange, NewMessage
from messaging.writing.writer import writer

SMALL, LARGE = 5, 25


@pytest.fixture
def stop_writer() -> Iterator[None]:
    """The writer's thread holds a connection, which would keep the test database."""
    yield
    writer.stop()


@pytest.fixture
def make(transactional_db, stop_writer):
    """`make("small", 5)`: somebody with so many groups, members and messages."""

    def somebody(name: str):
        return people.create_person(email=f"{name}@example.org", username=name, password="correct horse battery")

    def make(name: str, count: int):
        alice = somebody(name)
        others = [somebody(f"{name}-{n}") for n in range(count)]
        groups = [
            create_group(alice, name=f"g{n}", description="", member_ids=[], history="all", members_can_invite=False)
            for n in range(count - 1)
        ]
        full = create_group(
            alice,
            name="full",
            description="",
            member_ids=[one.id for one in others],
            history="all",
            members_can_invite=False,
        )
        pairs = [open_direct(alice, user_id=other.id)[0] for other in others]
        for group in [*groups, *pairs, full]:
            say(alice, group, "Hello")
        first = say(alice, full, "First")
        for n, other in enumerate(others):
            services.edit_message(alice, message_id=first, change=MessageChange(f"First, edited {n}"))
            services.add_reaction(other, message_id=first, emoji="\N{THUMBS UP SIGN}")
            services.mark_read(Membership.objects.of(other, full.id), seq=10**9)
            reply = say(other, full, f"@{name} in the thread {n}", thread_id=first)
            services.pin_message(alice, message_id=reply)
            ban(Membership.objects.of(alice, full.id), user_id=somebody(f"{name}-banned-{n}").id)
            create_invite(Membership.objects.of(alice, full.id), expires_at=None, max_uses=None)
        for n, other in enumerate(others):
            sent = say(other, full, f"reply {n}", reply_to_id=first)
            if n % 2:
                services.delete_message(other, message_id=sent)
            say(other, full, f"a file {n}", attachment_ids=[upload(other, full, n)])
        return alice, full, first

    return make


def upload(sender, conversation, number: int) -> UUID:
    """A document that was brought, without its bytes."""
    blob, _ = Blob.objects.get_or_create(digest=f"{number}", defaults={"size": 8})
    facts = {"kind": "document", "status": "ready", "filename": "a.txt", "mime_type": "text/plain", "size": 8}
    return Upload.objects.create(conversation=conversation, uploader=sender, content=blob, **facts).id


def say(sender, conversation, content: str, **more):
    sent = send_message(sender, conversation_id=conversation.id, message=NewMessage(content=content, **more))
    return UUID(msgspec.json.decode(sent.message)["id"])


READS = [
    "conversations/?limit=100",
    "conversations/discover/",
    "messages/search/?q=hello&limit=100",
    "conversations/{id}/",
    "conversations/{id}/members/?limit=100",
    "conversations/{id}/members/?search={name}&limit=100",
    "conversations/{id}/messages/?limit=100",
    "conversations/{id}/messages/?around=10&limit=100",
    "conversations/{id}/log/",
    "conversations/{id}/bans/?limit=100",
    "conversations/{id}/invites/?limit=100",
    "conversations/{id}/pins/?limit=100",
    "conversations/{id}/media/?limit=100",
    "conversations/{id}/typing/",
    "messages/{message}/",
    "messages/{message}/history/?limit=100",
    "messages/{message}/receipts/",
    "messages/{message}/replies/?limit=100",
    "sync/?per_conversation=30&limit=100",
    "messages/unread/",
    "users/?limit=100",
    "users/online/",
]


@pytest.mark.django_db(transaction=True)
def test_a_longer_list_takes_no_more_queries(make, sign_in, settings) -> None:
    for limit in LIMITS:
        setattr(settings, limit, "100000/s")
    counts: dict[str, list[int]] = {}

    for name, size in (("small", SMALL), ("large", LARGE)):
        alice, full, message = make(name, size)
        client = sign_in(alice)
        client.get("/api/v1/users/me/")  # what is remembered by the process is not counted
        for path in READS:
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(f"/api/v1/{path.format(id=full.id, message=message, name=name)}")
            assert answer.status_code == 200, (path, answer.content)
            counts.setdefault(path, []).append(len(queries))
        body = {"epoch": epoch(), "positions": {row["id"]: row["seq"] for row in rows(client)}}
        with CaptureQueriesContext(connection) as queries:
            assert client.post("/api/v1/sync/", body).status_code == 200
        counts.setdefault("POST sync/ with nothing new", []).append(len(queries))

    assert {path for path, (small, large) in counts.items() if large > small} == set(), counts
    assert all(small <= 12 for small, _ in counts.values()), counts


def rows(client) -> list[dict]:
    found = client.get("/api/v1/conversations/?limit=100").json()["results"]
    assert len(found) >= SMALL
    return found


def test_every_reading_endpoint_is_measured() -> None:
    counted = {path.split("?")[0] for path in READS}
    endpoints = {"conversations/", "conversations/discover/", "sync/", "users/", "users/online/"}
    endpoints |= {"messages/unread/", "messages/search/"}
    for path, methods in MEMBERS_ONLY.values():
        is_list = not path.endswith("/avatar/")
        if is_list and "GET" in methods and path.startswith(("conversations/", "messages/")):
            endpoints.add(path.replace(CONVERSATION, "{id}"))
    assert endpoints == counted
