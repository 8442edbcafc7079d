"""Setting and removing a conversation's avatar."""

import pytest
from django.conf import settings

from conversations import services as conversations
from conversations.models import Membership
from media import services
from media.tests.avatars import FORM, part
from media.tests.files import picture, two_halves

pytestmark = pytest.mark.django_db(transaction=True)


def address(conversation):
    return f"/api/v1/conversations/{conversation.id}/avatar/"


def put(client, conversation, content=None):
    form = part(picture() if content is None else content) + b"--frame--\r\n"
    return client.put(address(conversation), form, content_type=FORM)


def files(conversation):
    folder = settings.STORAGES["default"]["OPTIONS"]["location"] / "avatars" / conversation.id.hex
    return sorted(path.name for path in folder.glob("*"))


def channel(owner):
    return conversations.create_channel(owner, name="News", description="", history="all")


def test_everybody_in_it_sees_the_picture_and_hears_of_it(sign_in, alice, bob, group):
    assert put(sign_in(alice), group, two_halves()).status_code == 204

    url = sign_in(bob).get(f"/api/v1/conversations/{group.id}/").json()["avatar_url"]
    assert url.startswith(f"{address(group)}?v=")
    response = sign_in(bob).get(url)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/webp")
    entry = sign_in(bob).get(f"/api/v1/conversations/{group.id}/log/?after=0").json()["entries"][-1]
    assert (entry["type"], entry["data"]["conversation"]["avatar_url"]) == ("conversation.updated", url)


def test_another_picture_replaces_the_files(sign_in, alice, group):
    put(sign_in(alice), group)
    before = files(group)

    put(sign_in(alice), group, two_halves())

    assert len(files(group)) == 3
    assert not set(files(group)) & set(before)


def test_taking_it_away_twice_is_fine(sign_in, alice, group):
    put(sign_in(alice), group)

    for _ in range(2):
        assert sign_in(alice).delete(address(group)).status_code == 204

    assert (sign_in(alice).get(address(group)).status_code, files(group)) == (404, [])


def test_a_member_may_not_and_a_stranger_finds_nothing(sign_in, bob, carol, group):
    assert [put(sign_in(user), group).status_code for user in (bob, carol)] == [403, 404]
    assert [sign_in(user).delete(address(group)).status_code for user in (bob, carol)] == [403, 404]
    assert files(group) == []


def test_strangers_see_the_pictures_of_channels_only(sign_in, alice, carol, group):
    news = channel(alice)
    put(sign_in(alice), group)
    put(sign_in(alice), news)

    assert [sign_in(carol).get(address(one)).status_code for one in (group, news)] == [404, 200]


def test_a_direct_conversation_has_none(sign_in, alice, bob):
    direct, _ = conversations.open_direct(alice, user_id=bob.id)

    assert put(sign_in(alice), direct).status_code == 403


def test_it_goes_with_its_conversation(sign_in, alice, group):
    put(sign_in(alice), group)
    conversations.delete_conversation(Membership.objects.of(alice, group.id))
    assert sign_in(alice).get(address(group)).status_code == 404

    services.remove_avatars_of_deleted()

    assert files(group) == []


def test_other_files_are_refused(sign_in, alice, group):
    assert put(sign_in(alice), group, b"%PDF-1.7").status_code == 415
    assert put(sign_in(alice), group, picture()[:60]).status_code == 400
    assert files(group) == []
