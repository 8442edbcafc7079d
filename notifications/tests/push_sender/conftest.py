from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from notifications.tests.push_sender.pushes import Worker


@pytest.fixture
def worker() -> Iterator["Worker"]:
    from messaging.writing.writer import writer
    from notifications.tests.push_sender.pushes import Worker

    worker = Worker()
    yield worker
    worker.sender.stop(15)
    writer.stop()  # its thread holds a connection, which would keep the test database


@pytest.fixture
def group(alice, bob, carol):
    from conversations import services as conversations

    return conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id, carol.id], history="all", members_can_invite=False
    )


@pytest.fixture
def phone(sign_in, bob):
    """Bob's phone."""
    from accounts import services as accounts

    device, _ = accounts.register_device(sign_in(bob).session, provider="fcm", token="bobs phone")
    return device
