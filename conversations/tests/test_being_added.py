"""Being added to a group: by the user's setting, and only so often by strangers. carol knows no one."""

import pytest

from accounts import services as accounts
from accounts.models import User
from accounts.tests.at_once import at_once
from common.errors import Refusal
from conversations import services
from conversations.models import Conversation, Invite, Membership
from messaging import services as messaging
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from notifications.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def stopped_writer():
    yield
    writer.stop()


def group(owner: User, *others: User, **fields: object) -> Conversation:
    about = {"name": "Tea", "description": "", "history": "all", "members_can_invite": False} | fields
    return services.create_group(owner, member_ids=[one.id for one in others], **about)


def add(actor: User, conversation: Conversation, *people: User) -> set[User]:
    """Who entered."""
    entered = services.add_members(Membership.objects.of(actor, conversation.id), user_ids=[one.id for one in people])
    return {membership.user for membership in entered}


def write(user: User, conversation: Conversation) -> None:
    messaging.send_message(user, conversation_id=conversation.id, message=NewMessage(content="Hello"))


def direct(one: User, other: User) -> Conversation:
    return services.open_direct(one, user_id=other.id)[0]


def wants(user: User, who: str) -> None:
    accounts.change_profile(user, who_can_add_me=who)


def is_in(user: User, conversation: Conversation) -> bool:
    return Membership.objects.live().filter(user=user, conversation=conversation).exists()


def invited_to(user: User) -> list[Conversation]:
    return [invite.conversation for invite in Invite.objects.usable().filter(person=user).order_by("id")]


WAYS = {
    "a group is begun": lambda actor, user: group(actor, user),
    "a member is added": lambda actor, user: (conversation := group(actor), add(actor, conversation, user))[0],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("who", "is_known", "enters"),
    [
        ("everyone", False, True),
        ("everyone", True, True),
        ("contacts", False, False),
        ("contacts", True, True),
        ("nobody", False, False),
        ("nobody", True, False),
    ],
)
def test_the_setting_decides_whether_carol_is_added_or_invited(alice, bob, way, who, is_known, enters) -> None:
    if is_known:
        write(bob, direct(alice, bob))
    wants(bob, who)

    conversation = WAYS[way](alice, bob)

    assert is_in(bob, conversation) is enters
    assert invited_to(bob) == ([] if enters else [conversation])
    assert Notice.objects.filter(user=bob, kind=Notice.Kind.INVITATION).exists() is not enters


def test_an_invited_user_joins_by_accepting(alice, bob, sign_in) -> None:
    wants(bob, "nobody")
    conversation = group(alice, bob)
    token = services.token_of(Invite.objects.get(person=bob))

    assert sign_in(bob).post(f"/api/v1/invites/{token}/accept/").status_code == 200
    assert is_in(bob, conversation)


def test_the_answers_list_who_was_added(alice, bob, carol, sign_in) -> None:
    client = sign_in(alice)
    wants(bob, "contacts")

    row = client.post(
        "/api/v1/conversations/", {"kind": "group", "name": "Tea", "member_ids": [str(bob.id), str(carol.id)]}
    ).json()
    other = client.post("/api/v1/conversations/", {"kind": "group", "name": "Cake"}).json()
    added = client.post(f"/api/v1/conversations/{other['id']}/members/", {"user_ids": [str(bob.id), str(carol.id)]})

    assert row["member_count"] == 2
    invites = client.get(f"/api/v1/conversations/{row['id']}/invites/").json()["results"]
    assert [invite["user"]["id"] for invite in invites] == [str(bob.id)]
    assert added.status_code == 201
    assert [member["user"]["id"] for member in added.json()] == [str(carol.id)]


def test_who_can_add_me_is_changed_like_any_other_setting(alice, sign_in) -> None:
    client = sign_in(alice)
    assert client.get("/api/v1/users/me/").json()["settings"]["who_can_add_me"] == "everyone"

    answer = client.patch("/api/v1/users/me/", {"settings": {"who_can_add_me": "nobody"}})

    assert answer.json()["settings"]["who_can_add_me"] == "nobody"
    assert client.patch("/api/v1/users/me/", {"settings": {"who_can_add_me": "friends"}}).status_code == 400


def test_users_do_not_know_each_other_until_one_has_written(bob, carol) -> None:
    wants(bob, "contacts")
    write(carol, direct(carol, bob))
    lobby = services.create_channel(bob, name="Lobby", description="", history="all")
    services.join(carol, conversation_id=lobby.id)
    write(bob, lobby)

    assert not is_in(bob, group(carol, bob))


def test_writing_in_a_small_group_makes_known_until_one_leaves_it(alice, bob, carol) -> None:
    wants(bob, "contacts")
    conversation = group(alice, carol)
    write(alice, conversation)
    add(alice, conversation, bob)
    services.accept_invite(bob, token=services.token_of(Invite.objects.get(person=bob)))
    write(bob, conversation)

    assert is_in(bob, group(carol, bob))
    services.leave(Membership.objects.of(bob, conversation.id))
    assert not is_in(bob, group(carol, bob, name="Another"))


def test_a_stranger_cannot_add_carol_to_two_hundred_groups(bob, carol, settings) -> None:
    settings.RATE_CONVERSATIONS = settings.RATE_STRANGERS = "1000/s"
    codes = []
    for n in range(200):
        try:
            group(carol, bob, name=f"Group {n}")
        except Refusal as refusal:
            codes.append(refusal.code)

    assert Membership.objects.live().filter(user=bob).count() == 20
    assert len(invited_to(bob)) == 5, "and no more of them wait than one can bear"
    assert codes == ["conflict"] * 175


def test_adding_too_many_strangers_is_refused_and_costs_nothing(person, alice, carol, settings) -> None:
    settings.RATE_STRANGERS = "3/h"
    people = [person(f"person{n}") for n in range(4)]

    with pytest.raises(Refusal, match="rate_limited") as refused:
        group(carol, *people)
    assert 0 < refused.value.retry_after <= 3600
    assert not Conversation.objects.exists()
    group(carol, *people[:2])
    direct(carol, people[2])
    for action in (lambda: direct(carol, people[3]), lambda: group(carol, people[3])):
        with pytest.raises(Refusal, match="rate_limited"):
            action()
    direct(carol, people[2])
    group(alice, *people[:3])


def test_adding_users_who_know_one_and_adding_as_an_operator_is_not_limited(person, alice, bob, olga, settings) -> None:
    settings.RATE_STRANGERS = settings.RATE_ADDED = "1/d"
    write(bob, direct(alice, bob))
    for n in range(3):
        assert is_in(bob, group(alice, bob, name=f"{n}"))

    conversation = group(olga, *(person(f"person{n}") for n in range(4)))

    assert conversation.member_count == 5


def test_a_user_has_only_so_many_open_invitations_from_the_same_user(bob, carol) -> None:
    wants(bob, "nobody")
    for n in range(5):
        group(carol, bob, name=f"{n}")

    with pytest.raises(Refusal, match="conflict"):
        group(carol, bob)
    owner = Membership.objects.of(carol, group(carol).id)
    with pytest.raises(Refusal, match="conflict"):
        services.create_invite(owner, expires_at=None, max_uses=None, person_id=bob.id)
    assert len(invited_to(bob)) == 5


def test_a_user_with_an_open_invitation_is_not_invited_again(alice, bob) -> None:
    wants(bob, "nobody")
    conversation = group(alice, bob)
    (before,) = Invite.objects.all()

    assert add(alice, conversation, bob) == set()
    assert list(Invite.objects.all()) == [before]


def test_simultaneous_invitations_from_many_conversations_are_counted(alice, bob) -> None:
    owners = [Membership.objects.of(alice, group(alice).id) for _ in range(8)]

    made = at_once(8, lambda: services.create_invite(owners.pop(), expires_at=None, max_uses=None, person_id=bob.id))

    assert made.count("conflict") == 3
    assert len(invited_to(bob)) == 5
