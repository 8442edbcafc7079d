"""`manage.py check_log` reports every inconsistency of a conversation, and repairs most of them."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from common.clock import now
from conversations import services as conversations
from conversations.models import Conversation, Membership
from messaging import services
from messaging.models import Mention, Message, Reaction
from messaging.wire.writing import MessageChange, NewMessage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def group(alice, bob, carol):
    made = conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id, carol.id], history="all", members_can_invite=False
    )

    def write(sender, content, **more):
        services.send_message(sender, conversation_id=made.id, message=NewMessage(content, **more))
        return Message.objects.latest("seq")

    first = write(alice, "Hello @bob")
    write(bob, "In the thread", thread_id=first.id)
    deleted = write(bob, "Soon deleted", thread_id=first.id)
    services.add_reaction(carol, message_id=first.id, emoji="\N{THUMBS UP SIGN}")
    services.edit_message(alice, message_id=first.id, change=MessageChange("Hello @bob and @carol"))
    services.pin_message(alice, message_id=first.id)
    services.delete_message(bob, message_id=deleted.id)
    services.mark_read(Membership.objects.of(carol, made.id), seq=first.seq)
    conversations.leave(Membership.objects.of(bob, made.id))
    conversations.add_members(Membership.objects.of(alice, made.id), user_ids=[bob.id])
    return made


def check_log(*args):
    out = io.StringIO()
    try:
        call_command("check_log", *args, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return out.getvalue(), error.returncode
    return out.getvalue(), 0


def test_a_consistent_conversation_has_no_findings(group):
    output, code = check_log()

    assert (output.splitlines()[-1].split(":")[1], code) == (" 0 inconsistencies, 0 repaired.", 0)


REPAIRABLE = {
    "there are 3 members, but the conversation counts 7": lambda: Conversation.objects.filter(kind="group").update(
        member_count=7
    ),
    "no member is an owner": lambda: Membership.objects.update(role="member"),
    "it has no members": lambda: Membership.objects.update(left_at=now()),
    "is beyond the head": lambda: Membership.objects.filter(user__username="carol").update(last_delivered_seq=10**6),
    "counts 99 messages instead of": lambda: Membership.objects.filter(user__username="carol").update(
        last_read_number=99
    ),
    "has 1 replies, but counts 5": lambda: Message.objects.filter(number=1).update(reply_count=5),
    "stores different reactions": lambda: Reaction.objects.all().delete(),
    "stores different mentions": lambda: Mention.objects.filter(user__username="bob").delete(),
    "has a changed_seq beyond the head": lambda: Message.objects.filter(number=1).update(changed_seq=10**6),
}


@pytest.mark.parametrize("finding", REPAIRABLE)
def test_an_inconsistency_is_reported_and_repaired_on_request(group, finding):
    REPAIRABLE[finding]()

    output, code = check_log()
    assert finding in output
    assert code == 1
    output, code = check_log("--repair")
    assert "(repaired)" in output
    assert code == 0
    assert check_log(str(group.id)) == ("1 conversations: 0 inconsistencies, 0 repaired.\n", 0)


@pytest.mark.parametrize(
    ("finding", "damage"),
    [
        ("but its head is", lambda: Conversation.objects.filter(kind="group").update(seq=F("seq") + 1)),
        ("the log has", lambda: Message.objects.filter(number=2).delete()),
        (
            "but the conversation counts",
            lambda: Conversation.objects.filter(kind="group").update(message_count=F("message_count") + 1),
        ),
    ],
)
def test_a_gap_in_the_log_is_reported_and_cannot_be_repaired(group, finding, damage):
    damage()

    output, code = check_log("--repair")

    assert finding in output
    assert code == 1
