"""An invite link is valid only as long as its creator may invite."""

from collections.abc import Callable

import pytest

from accounts import services as accounts
from accounts.models import User
from common.clock import now
from common.errors import Refusal
from conversations import services
from conversations.models import Conversation, Invite, Membership
from conversations.policy import may

pytestmark = pytest.mark.django_db
Role = Membership.Role


@pytest.fixture
def group(alice, bob) -> Conversation:
    """alice owns it, and bob is an admin."""
    group = services.create_group(
        alice, name="Tea", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    services.change_role(Membership.objects.of(alice, group.id), user_id=bob.id, role=Role.ADMIN)
    return group


def link(one: User, group: Conversation, **about: object) -> str:
    actor = Membership.objects.of(one, group.id)
    return services.token_of(services.create_invite(actor, **{"expires_at": None, "max_uses": None} | about))


def leads_in(user: User, token: str) -> bool:
    try:
        services.accept_invite(user, token=token)
    except Refusal as refusal:
        if refusal.code == "not_found":
            return False
        raise
    return True


WAYS: dict[str, Callable[[User, Membership, User], object]] = {
    "removed": lambda olga, owner, maker: services.remove_member(owner, user_id=maker.id),
    "demoted": lambda olga, owner, maker: services.change_role(owner, user_id=maker.id, role=Role.MEMBER),
    "banned": lambda olga, owner, maker: services.ban(owner, user_id=maker.id),
    "gone": lambda olga, owner, maker: services.leave(Membership.objects.of(maker, owner.conversation_id)),
    "suspended": lambda olga, owner, maker: accounts.suspend(olga, maker),
    "to be erased": lambda olga, owner, maker: accounts.request_deletion_of(olga, maker),
    "erased": lambda olga, owner, maker: (services.leave_all_conversations(maker), accounts.erase(maker)),
}


@pytest.mark.parametrize("way", WAYS)
def test_links_end_as_soon_as_their_creator_may_no_longer_invite(alice, bob, carol, olga, group, way) -> None:
    his, hers = link(bob, group), link(alice, group)
    personal = link(bob, group, person_id=carol.id)
    owner = Membership.objects.of(alice, group.id)

    WAYS[way](olga, owner, bob)

    assert not leads_in(carol, his)
    assert not leads_in(carol, personal)
    assert [invite.created_by for invite in Invite.objects.usable()] == [alice]
    assert leads_in(carol, hers)


def test_links_stay_deleted_when_their_creator_becomes_an_admin_again(alice, bob, carol, group) -> None:
    token, owner = link(bob, group), Membership.objects.of(alice, group.id)
    services.change_role(owner, user_id=bob.id, role=Role.MEMBER)

    services.change_role(owner, user_id=bob.id, role=Role.ADMIN)

    assert not leads_in(carol, token)


def test_an_invitation_by_a_member_ends_when_members_may_no_longer_add(alice, bob, carol, group) -> None:
    owner = Membership.objects.of(alice, group.id)
    services.change_role(owner, user_id=bob.id, role=Role.MEMBER)
    services.edit_conversation(owner, changes={"members_can_invite": True})
    made = Invite.objects.create(conversation=group, created_by=bob, person=carol, max_uses=1, created_at=now())
    assert Invite.objects.usable().get() == made

    services.edit_conversation(owner, changes={"members_can_invite": False})

    assert not leads_in(carol, services.token_of(made))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("members_can_invite", [False, True])
@pytest.mark.parametrize("is_personal", [False, True])
def test_the_query_for_usable_links_agrees_with_the_policy(
    alice, bob, carol, group, role, members_can_invite, is_personal
) -> None:
    Conversation.objects.filter(id=group.id).update(members_can_invite=members_can_invite)
    Membership.objects.filter(conversation=group, user=bob).update(role=role)
    Invite.objects.create(conversation=group, created_by=bob, person=carol if is_personal else None)
    maker = Membership.objects.of(bob, group.id)

    stands = Invite.objects.usable().exists()

    assert stands == (may(maker, "invite") or (is_personal and may(maker, "add_members")))
