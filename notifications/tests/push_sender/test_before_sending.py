"""Who gets a push is checked again just before sending."""

from datetime import timedelta

import pytest

from accounts import presence
from accounts import services as accounts
from common.clock import now
from conversations import services as conversations
from messaging import services
from notifications.models import Push
from notifications.services import change_preferences
from notifications.tests.push_sender.pushes import last, member, say
from notifications.wire import PreferencesChange, QuietHours

pytestmark = pytest.mark.django_db(transaction=True)


def removed(alice, bob, group):
    conversations.remove_member(member(alice, group), user_id=bob.id)


def left(alice, bob, group):
    conversations.leave(member(bob, group))


def read(alice, bob, group):
    services.mark_read(member(bob, group), seq=10**6)


def muted(alice, bob, group):
    until = now() + timedelta(hours=1)
    conversations.edit_own_membership(member(bob, group), changes={"muted_until": until})


def wants_mentions_only(alice, bob, group):
    conversations.edit_own_membership(member(bob, group), changes={"notify": "mentions"})


def wants_nothing_anywhere(alice, bob, group):
    change_preferences(bob, PreferencesChange(notify="none"))


def blocks(alice, bob, group):
    accounts.block(bob, alice.id)


def signs_out(alice, bob, group):
    accounts.end_all_sessions(bob)


def is_suspended(alice, bob, group):
    accounts.suspend(alice, bob)


def group_ends(alice, bob, group):
    conversations.delete_conversation(member(alice, group))


def message_is_deleted(alice, bob, group):
    services.delete_message(alice, message_id=last(group).id)


NO_MORE = [
    removed,
    left,
    read,
    muted,
    wants_mentions_only,
    wants_nothing_anywhere,
    blocks,
    signs_out,
    is_suspended,
    group_ends,
    message_is_deleted,
]


@pytest.mark.parametrize("happens", NO_MORE, ids=lambda action: action.__name__)
def test_what_happens_before_the_sending_counts(group, alice, bob, carol, phone, fcm, worker, happens, sign_in):
    accounts.register_device(sign_in(carol).session, provider="fcm", token="carols phone")
    Push.objects.all().delete()  # bob was told of being added
    say(alice, group)

    happens(alice, bob, group)
    worker.make_due()
    worker.send()

    to = [push.token for push in fcm.taken if push.message["data"]["kind"] != "added"]
    expected = [] if happens in (group_ends, message_is_deleted) else ["carols phone"]
    assert to == expected
    assert Push.objects.count() == 0


def test_who_is_in_quiet_hours_is_pushed_to_when_they_end(group, alice, bob, phone, fcm, worker):
    change_preferences(bob, PreferencesChange(quiet_hours=QuietHours("00:00", "23:59"), time_zone="UTC"))
    change_preferences(bob, PreferencesChange(notify="all"))
    say(alice, group)
    worker.send()

    assert fcm.taken == []
    end = now().replace(hour=23, minute=59, second=0, microsecond=0)
    assert {push.due_at for push in Push.objects.all()} == {end}
    change_preferences(bob, PreferencesChange(quiet_hours=None))
    worker.make_due()
    worker.send()
    assert len(fcm.taken) == 1


def test_who_is_online_has_time_to_read_it_there(group, alice, bob, phone, fcm, worker, settings):
    settings.PUSH_ONLINE_SECONDS = 60
    presence.renew([bob.id])
    say(alice, group)
    worker.make_due()
    worker.send()
    assert fcm.taken == []

    Push.objects.update(created_at=now() - timedelta(seconds=61))
    worker.make_due()
    worker.send()

    presence.release(bob.id)
    assert len(fcm.taken) == 1
