"""Slow mode applies to edits too: what they add has to wait like a message, a correction does not."""

from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import User
from common.errors import Refusal
from conversations import services as conversations
from conversations.models import Membership
from messaging import services
from messaging.models import Message
from messaging.services.slow_mode import is_correction
from messaging.wire.writing import MessageChange, NewMessage
from messaging.writing.writer import writer

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60


@pytest.fixture
def place(alice, bob):
    """alice owns it; bob, a member, has to wait."""
    group = conversations.create_group(
        alice, name="Tea", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    conversations.edit_conversation(Membership.objects.of(alice, group.id), changes={"slow_mode_seconds": SECONDS})
    yield group.id
    writer.stop()


def say(user: User, place, text: str) -> Message:
    services.send_message(user, conversation_id=place, message=NewMessage(content=text))
    return Message.objects.filter(conversation=place, sender=user).order_by("seq").last()


def edit(user: User, message: Message, text: str) -> str:
    """What comes of it; whoever has to wait is told how long."""
    try:
        services.edit_message(user, message_id=message.id, change=MessageChange(content=text))
    except Refusal as refusal:
        return refusal.code if 0 < (refusal.retry_after or 0) <= SECONDS else f"{refusal.code}, without a time"
    return "ok"


def wait() -> None:
    """The time that slow mode asks for goes by."""
    ago = timedelta(seconds=SECONDS)
    Membership.objects.filter(last_sent_at__isnull=False).update(last_sent_at=F("last_sent_at") - ago)
    Message.objects.update(created_at=F("created_at") - ago)


def test_an_edit_that_adds_text_has_to_wait(bob, place) -> None:
    message = say(bob, place, "Good morning")

    assert edit(bob, message, "Good morning, and all that I would have sent as a message of its own") == "slow_mode"
    assert edit(bob, message, "Something else altogether, which has nothing to do with it") == "slow_mode"
    message.refresh_from_db()
    assert (message.content, message.edited_at) == ("Good morning", None)


def test_an_edit_that_mentions_a_member_has_to_wait(alice, bob, place) -> None:
    message = say(bob, place, "Good morning")

    assert edit(bob, message, "Good morning @alice") == "slow_mode"
    wait()
    assert edit(bob, message, "Good morning @alice") == "ok"
    message.refresh_from_db()
    assert message.mentions == [str(alice.id)]


def test_the_last_message_can_be_corrected_once(bob, place) -> None:
    message = say(bob, place, "Good mornign, all of you who are here")

    assert edit(bob, message, "Good morning, all of you who are here") == "ok"
    assert edit(bob, message, "Good morning, all of you that are here") == "slow_mode"
    wait()
    assert edit(bob, message, "Good morning, all of you that are here") == "ok"


def test_removing_text_is_a_correction(bob, place) -> None:
    message = say(bob, place, "Good morning, and much more that had better not been said at all")

    assert edit(bob, message, "Good morning") == "ok"


def test_an_older_message_cannot_be_corrected(bob, place) -> None:
    older = say(bob, place, "Good mornign")
    wait()
    say(bob, place, "How are you?")

    assert edit(bob, older, "Good morning") == "slow_mode"


def test_an_edit_counts_like_a_message(bob, place) -> None:
    message = say(bob, place, "Good morning")
    wait()
    assert edit(bob, message, "Good morning, and here is what I say instead of another message") == "ok"

    with pytest.raises(Refusal, match="slow_mode"):
        say(bob, place, "And another one")
    wait()
    say(bob, place, "Now it is time")


def test_an_edit_without_changes_is_accepted_and_admins_do_not_wait(alice, bob, place) -> None:
    his, hers = say(bob, place, "Good morning"), say(alice, place, "Good morning")

    assert [edit(bob, his, "Good morning") for _ in range(2)] == ["ok", "ok"]
    assert [edit(alice, hers, f"Good morning @bob, {n} and much more than a correction would be") for n in (1, 2)] == [
        "ok",
        "ok",
    ]


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        ("Helo", "Hello", True),
        ("", "x" * 40, True),
        ("", "x" * 41, False),
        ("aaaa", "aaaaa", True),
        ("one and two", "one " + "x" * 41 + " two", False),
        ("a" * 10_000, "a" * 9_999, True),
        ("same", "same", True),
    ],
)
def test_a_correction_changes_few_letters_in_one_position(before, after, holds) -> None:
    assert is_correction(before, after) is holds
