"""The console lists conversations; what was said in them stands nowhere in it."""

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from common.models import AuditEntry
from conversations import services
from conversations.models import Conversation
from messaging.models import Message
from operations.navigation import navigation

pytestmark = pytest.mark.django_db


def test_an_operator_sees_conversations_but_not_what_was_said(alice, bob, olga) -> None:
    group = services.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    Message.objects.create(
        conversation=group, seq=3, number=1, changed_seq=3, sender=alice, client_id="1", body_hash=b"", content="secret"
    )
    console = Client()
    console.force_login(olga)

    shown = console.get("/admin/conversations/conversation/")
    one = console.get(f"/admin/conversations/conversation/{group.id}/change/")

    assert b"Friends" in shown.content
    assert one.status_code == 200
    assert b"secret" not in shown.content + one.content


def test_nobody_changes_a_conversation_behind_its_members(alice, bob, olga) -> None:
    conversation, _ = services.open_direct(alice, user_id=bob.id)
    console = Client()
    console.force_login(olga)

    answers = [
        console.post(f"/admin/conversations/conversation/{conversation.id}/{page}/", {"post": "yes"})
        for page in ("change", "delete")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert Conversation.objects.filter(id=conversation.id, deleted_at__isnull=True).exists()


def test_buttons_ask_why_and_everybody_hears(alice, bob, carol, olga) -> None:
    group = services.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    console = Client()
    console.force_login(olga)
    page = f"/admin/conversations/conversation/{group.id}/"

    def press(button: str, **form: str) -> Conversation:
        assert 'name="reason"' in console.get(f"{page}{button}/").content.decode()
        answer = console.post(f"{page}{button}/", {"_form_submitted": "True", "reason": "A quarrel", **form})
        assert answer.headers["HX-Redirect"] == f"{page}change/"
        group.refresh_from_db()
        return group

    assert press("freeze").is_frozen
    assert not press("thaw").is_frozen
    assert 'value="Friends"' in console.get(f"{page}moderate/").content.decode()
    changed = press("moderate", name="Calm", slow_mode_seconds="60", is_read_only="on")
    assert (changed.name, changed.slow_mode_seconds, changed.is_read_only) == ("Calm", 60, True)
    press("give", owner_id=str(bob.id))
    assert group.memberships.get(role="owner").user == bob
    assert console.post(f"{page}give/", {"_form_submitted": "True", "owner_id": str(carol.id)}).status_code == 200
    assert group.memberships.get(role="owner").user == bob

    written = AuditEntry.objects.order_by("number").values_list("action", "reason")
    actions = ("conversation.freeze", "conversation.thaw", "conversation.change", "conversation.change")
    assert list(written) == [(action, "A quarrel") for action in actions]


def test_only_who_may_moderate_has_the_buttons(alice, bob, carol) -> None:
    group, _ = services.open_direct(alice, user_id=bob.id)
    carol.is_staff = True
    carol.save()
    carol.user_permissions.set(Permission.objects.filter(codename="view_conversation"))
    console = Client()
    console.force_login(carol)
    page = f"/admin/conversations/conversation/{group.id}/"

    assert b"/freeze/" not in console.get(f"{page}change/").content
    assert console.post(f"{page}freeze/", {"_form_submitted": "True"}).status_code == 403
    group.refresh_from_db()
    assert not group.is_frozen


def test_the_menu_leads_to_every_list_that_one_may_see(rf, alice, olga) -> None:
    request = rf.get("/admin/")

    def menu(person) -> set[str]:
        request.user = person
        return {item["link"] for group in navigation(request) for item in group["items"]}

    lists = {reverse(admin_urlname(model._meta, "changelist")) for model in admin.site._registry}
    assert menu(olga) == lists | {"/admin/"}
    alice.groups.add(Group.objects.get(name="Moderators"))
    assert menu(type(alice).objects.get(id=alice.id)) == {
        *("/admin/", "/admin/messaging/report/", "/admin/conversations/conversation/", "/admin/messaging/message/"),
        *("/admin/messaging/filter/", "/admin/accounts/user/", "/admin/accounts/registration/"),
        "/admin/accounts/session/",
    }


def test_the_page_of_a_conversation_leads_to_its_transcript(alice, bob, olga) -> None:
    group, _ = services.open_direct(alice, user_id=bob.id)
    console = Client()
    console.force_login(olga)
    page = f"/admin/conversations/conversation/{group.id}"

    assert f"{page}/transcript/" in console.get(f"{page}/change/").content.decode()
    assert console.get(f"{page}/transcript/").headers["Location"] == f"/admin/transcripts/{group.id}/"


def test_messages_are_found_by_who_wrote_them(alice, bob, olga) -> None:
    group, _ = services.open_direct(alice, user_id=bob.id)
    for seq, sender in ((3, alice), (4, bob)):
        Message.objects.create(
            conversation=group, seq=seq, number=seq - 2, changed_seq=seq, sender=sender, client_id="1", body_hash=b""
        )
    console = Client()
    console.force_login(olga)

    def found(name: str) -> list[str]:
        page = console.get("/admin/messaging/message/", {"q": name})
        return [message.sender.username for message in page.context["cl"].result_list]

    assert [found(name) for name in ("", "Alice", "bob", "ali", "nobody")] == [
        ["bob", "alice"],
        ["alice"],
        ["bob"],
        ["alice"],
        [],
    ]
