"""A group has at most a thousand members, however they join; a channel has no limit."""

import pytest

from accounts.models import User
from common.clock import now
from common.errors import Refusal
from conversations import services
from conversations.models import Conversation, Membership
from conversations.services.members import GROUP_SIZE

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd() -> list[User]:
    """Enough people for a group, with its owner."""
    names = [f"p{n:03}" for n in range(GROUP_SIZE - 1)]
    people = [User(username=n, username_key=n, username_skeleton=n, email_verified_at=now()) for n in names]
    return User.objects.bulk_create(people)


def fill(conversation: Conversation, people: list[User]) -> None:
    Membership.objects.bulk_create(Membership(conversation=conversation, user=user) for user in people)
    Conversation.objects.filter(id=conversation.id).update(member_count=1 + len(people))


def test_no_one_can_join_a_full_group(alice, bob, carol, crowd) -> None:
    group = services.create_group(
        alice, name="Full", description="", member_ids=[], history="all", members_can_invite=False
    )
    hers = Membership.objects.of(alice, group.id)
    token = services.token_of(services.create_invite(hers, expires_at=None, max_uses=1))
    fill(group, crowd[:-1])
    assert services.add_members(hers, user_ids=[bob.id, crowd[0].id])[0].user == bob

    for come in (
        lambda: services.add_members(hers, user_ids=[carol.id, bob.id]),
        lambda: services.accept_invite(carol, token=token),
    ):
        with pytest.raises(Refusal, match="conflict"):
            come()

    assert services.add_members(hers, user_ids=[bob.id]) == []
    services.leave(Membership.objects.of(bob, group.id))
    assert services.accept_invite(carol, token=token).role == "member"


def test_a_channel_has_no_limit(alice, bob, carol, crowd) -> None:
    channel = services.create_channel(alice, name="News", description="", history="all")
    fill(channel, crowd)

    services.join(bob, conversation_id=channel.id)
    services.add_members(Membership.objects.of(alice, channel.id), user_ids=[carol.id])

    assert Conversation.objects.get(id=channel.id).member_count == GROUP_SIZE + 2
