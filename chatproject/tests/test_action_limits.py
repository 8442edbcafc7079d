"""Every action that somebody takes has a limit of its own, declared where the action is."""

import importlib
import inspect
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from accounts import services as accounts
from accounts.models import Session, User
from chatproject.tests.server import ROOT
from common import limits
from common.errors import Refusal
from conversations import services as conversations
from conversations.models import Membership
from messaging import services as messaging
from messaging.wire.writing import MessageChange, NewMessage
from messaging.writing.writer import writer

pytestmark = pytest.mark.plain

READING = {
    "accounts.outranks": "looks",
    "accounts.refuse_unless_outranks": "looks",
    "media.keep_upload": "RATE_UPLOADS is spent before the first byte of the file is read",
    "media.check_upload": "looks; RATE_UPLOADS is spent before it",
    "media.reserve_upload": "holds one of sixteen places; RATE_UPLOADS is spent before it, RATE_AVATARS in it",
    "media.begin_reservation": "the beginning of reserve_upload",
    "media.read_conversation_avatar": "reads",
    "media.refuse_unless_readable": "looks",
    "media.upload_of": "reads",
    "notifications.unread_counts": "reads",
    "encryption.keys_of": "reads",
    "encryption.managed_key_of": "reads",
    "encryption.prekeys_left": "reads",
}
SPENDING_THEMSELVES = {
    "messaging.send_message": "RATE_MESSAGES, by the writer for a whole batch at once",
    "messaging.send_direct_message": "RATE_MESSAGES, by the writer for a whole batch at once",
    "messaging.moderation.report_message": "RATE_REPORTS, once for each report: repeating it is free",
    "messaging.moderation.report_user": "RATE_REPORTS, once for each report: repeating it is free",
    "conversations.open_direct": "RATE_CONVERSATIONS, when there is none yet",
    "conversations.freeze": "RATE_STAFF, in `moderate`",
    "conversations.thaw": "RATE_STAFF, in `moderate`",
    "encryption.register_key_device": "RATE_KEY_DEVICES, for new keys: every start of a client shows those it has",
    "encryption.rotate_keys": "RATE_KEY_DEVICES",
    "encryption.claim_prekeys": "RATE_PREKEYS, for each device by itself",
}
BOUND_OTHERWISE = {
    "accounts.begin_erasure": "the worker's",
    "accounts.erase": "the worker's",
    "accounts.replace_password": "a command's",
    "conversations.leave_all_conversations": "the worker's",
    "notifications.forget_person": "part of the erasure",
    "accounts.change_avatar": "part of setting a picture, which has a limit",
    "accounts.open_session": "whoever calls it has spent RATE_AUTH",
    "accounts.end_session": "ends what a sign-in made, which has spent RATE_AUTH",
    "accounts.end_other_sessions": "ends what sign-ins made, which have spent RATE_AUTH",
    "accounts.end_all_sessions": "ends what sign-ins made, which have spent RATE_AUTH; operators do it to others",
    "accounts.touch": "writes once a minute at most",
    "accounts.mark_received": "writes once for each refresh, which is bound by RATE_REQUESTS",
}


def actions() -> dict[str, Callable]:
    """What the apps offer that takes a person first."""
    found = {}
    for path in ROOT.glob("[a-z]*/**/services/__init__.py"):
        package = ".".join(path.relative_to(ROOT).parts[:-2])
        services = importlib.import_module(f"{package}.services")
        for name in services.__all__:
            one = getattr(services, name)
            if inspect.isfunction(one) and _takes_a_person(one):
                found[f"{package}.{name}"] = one
    return found


def _takes_a_person(action: Callable) -> bool:
    first = next(iter(inspect.signature(action).parameters), "")
    hint = typing.get_type_hints(inspect.unwrap(action)).get(first)
    one_of = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return bool({User, Membership, Session}.intersection(one_of))


def test_every_action_that_takes_a_person_declares_its_limit_or_says_why_not(settings) -> None:
    excused = READING | SPENDING_THEMSELVES | BOUND_OTHERWISE
    found = actions()
    unlimited = {name for name, action in found.items() if not hasattr(action, "limit")}

    assert len(found) > 80
    assert unlimited == excused.keys()
    for name in found.keys() - unlimited:
        assert limits.parse(getattr(settings, found[name].limit)), name


@pytest.fixture
def place(alice, bob):
    group = conversations.create_group(
        alice, name="Tea", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    yield Membership.objects.of(alice, group.id)
    writer.stop()


def said(place: Membership, user: User, text: str = "Hello") -> object:
    messaging.send_message(user, conversation_id=place.conversation_id, message=NewMessage(content=text))
    return place.conversation.messages.order_by("seq").last()


def until_refused(action: Callable[[int], object]) -> tuple[int, Refusal]:
    """How often it may be done in a row, and how it is refused then."""
    for n in range(1000):
        try:
            action(n)
        except Refusal as refusal:
            return n, refusal
    raise AssertionError("It was never refused.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["edit", "react", "nickname", "mark", "pin", "profile"])
def test_nothing_may_be_done_without_end(alice, bob, place, settings, what) -> None:
    settings.RATE_EDITS = settings.RATE_REACTIONS = settings.RATE_MARKS = settings.RATE_CHANGES = "20/h"
    message = said(place, alice)
    his = Membership.objects.of(bob, place.conversation_id)
    calls = {
        "edit": lambda n: messaging.edit_message(
            alice, message_id=message.id, change=MessageChange(content=f"{n}" * 10_000)
        ),
        "react": lambda n: (messaging.add_reaction, messaging.remove_reaction)[n % 2](
            alice, message_id=message.id, emoji="👍"
        ),
        "nickname": lambda n: conversations.edit_own_membership(place, changes={"nickname": f"A{n}"}),
        "mark": lambda n: messaging.mark_read(place, seq=n),
        "pin": lambda n: (messaging.pin_message, messaging.unpin_message)[n % 2](alice, message_id=message.id),
        "profile": lambda n: accounts.change_profile(alice, bio=f"{n}"),
    }

    often, refusal = until_refused(calls[what])

    assert often <= 20
    assert refusal.code == "rate_limited"
    assert 0 < refusal.retry_after <= 3600
    messaging.mark_read(his, seq=1)
    accounts.change_profile(bob, bio="I am not limited by what alice does.")


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_one_for_http_and_for_the_service(sign_in, alice, place, settings) -> None:
    settings.RATE_EDITS = "2/m"
    message, client = said(place, alice), sign_in(alice)
    url = f"/api/v1/messages/{message.id}/"
    messaging.edit_message(alice, message_id=message.id, change=MessageChange(content="One"))

    answers = [client.patch(url, {"content": text}) for text in ("Two", "Three")]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["code"] == "rate_limited"
    assert 0 < answers[1].json()["retry_after"] <= 60
    message.refresh_from_db()
    assert message.content == "Two"


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_costs_no_work(alice, place, settings, django_assert_num_queries) -> None:
    settings.RATE_CHANGES = "1/m"
    conversations.edit_own_membership(place, changes={"nickname": "A"})

    with django_assert_num_queries(0), pytest.raises(Refusal, match="rate_limited"):
        conversations.edit_own_membership(place, changes={"nickname": "B"})


@pytest.mark.django_db
def test_a_command_without_a_person_is_not_limited(alice, settings) -> None:
    settings.RATE_STAFF = "1/d"

    for _ in range(3):
        accounts.end_sessions_of(None, alice)


@pytest.mark.django_db
def test_what_is_done_to_somebody_is_not_on_their_account(olga, alice, settings) -> None:
    settings.RATE_CHANGES = settings.RATE_ACCOUNT = "1/d"
    accounts.change_profile(alice, bio="Hello")

    accounts.suspend(olga, alice, until=datetime(2999, 1, 1, tzinfo=UTC))

    alice.refresh_from_db()
    assert not alice.is_active
