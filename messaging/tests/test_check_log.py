"""`manage.py check_log`: silent about what agrees, loud about each thing that does not, and able to put it right."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from chatproject.common.clock import now
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
    gone = write(bob, "Soon gone", thread_id=first.id)
    services.add_reaction(carol, message_id=first.id, emoji="\N{THUMBS UP SIGN}")
    services.edit_message(alice, message_id=first.id, change=MessageChange("Hello @bob and @carol"))
    services.pin_message(alice, message_id=first.id)
    services.delete_message(bob, message_id=gone.id)
    services.mark_read(Membership.objects.of(carol, made.id), seq=first.seq)
    conversations.leave(Membership.objects.of(bob, made.id))
    conversations.add_members(Membership.objects.of(alice, made.id), user_ids=[bob.id])
    return made


def run(*args):
    out = io.StringIO()
    try:
        call_command("check_log", *args, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return out.getvalue(), error.returncode
    return out.getvalue(), 0


def test_what_agrees_is_left_alone(group):
    said, code = run()

    assert (said.splitlines()[-1].split(":")[1], code) == (" 0 disagreements, 0 put right.", 0)


REPAIRABLE = {
    "3 are members, 7 are counted": lambda: Conversation.objects.filter(kind="group").update(member_count=7),
    "nobody is an owner": lambda: Membership.objects.update(role="member"),
    "nobody is in it": lambda: Membership.objects.update(left_at=now()),
    "lies beyond the head": lambda: Membership.objects.filter(user__username="carol").update(last_delivered_seq=10**6),
    "stands for 99 messages": lambda: Membership.objects.filter(user__username="carol").update(last_read_number=99),
    "has 1 replies, 5 are counted": lambda: Message.objects.filter(number=1).update(reply_count=5),
    "shows other reactions": lambda: Reaction.objects.all().delete(),
    "names others than it lists": lambda: Mention.objects.filter(user__username="bob").delete(),
    "changed beyond the head": lambda: Message.objects.filter(number=1).update(changed_seq=10**6),
}


@pytest.mark.parametrize("sentence", REPAIRABLE)
def test_what_disagrees_is_said_and_put_right_on_request(group, sentence):
    REPAIRABLE[sentence]()

    said, code = run()
    assert sentence in said
    assert code == 1
    said, code = run("--repair")
    assert "(put right)" in said
    assert code == 0
    assert run(str(group.id)) == ("1 conversations: 0 disagreements, 0 put right.\n", 0)


@pytest.mark.parametrize(
    ("sentence", "harm"),
    [
        ("the head is", lambda: Conversation.objects.filter(kind="group").update(seq=F("seq") + 1)),
        ("places are taken", lambda: Message.objects.filter(number=2).delete()),
        ("are counted", lambda: Conversation.objects.filter(kind="group").update(message_count=F("message_count") + 1)),
    ],
)
def test_a_hole_is_said_and_cannot_be_put_right(group, sentence, harm):
    harm()

    said, code = run("--repair")

    assert sentence in said
    assert code == 1
