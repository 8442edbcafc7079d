import pytest

from conversations.services import create_group
from messaging.services import send_message
from messaging.tests.client import GENEROUS, cast_on
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer


@pytest.fixture
def scene(signed_up):
    """alice and bob in a group; carol is outside."""
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    return alice, bob, carol, alice.group(bob)


@pytest.fixture(scope="module")
def solo(server):
    """alice alone."""
    return cast_on(server)("alice")


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
