"""Files in messages: who may see them, and when they are deleted."""

import uuid

import pytest

from conversations import services as conversations
from conversations.models import Membership
from media.models import Attachment, Blob, Upload
from media.tests.files import picture
from media.tests.uploads import bring, brought, process, send, stored
from messaging.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def addresses(upload):
    content = upload["content_url"]
    return [f"/api/v1/media/{upload['id']}/", content, content.replace("content", "thumbnail")]


def statuses(client, upload, **headers):
    return [client.get(address, headers=headers).status_code for address in addresses(upload)]


def test_a_message_carries_files_and_needs_no_text(sign_in, alice, bob, group):
    picture_, document = brought(sign_in(alice), group), brought(sign_in(alice), group, PDF, name="plan.pdf")

    response = send(sign_in(alice), group, picture_, document)

    assert response.status_code == 201, response.content
    message = response.json()
    assert (message["content"], message["content_type"]) == ("", "image")
    assert message["attachments"] == [picture_, document]
    history = sign_in(bob).get(f"/api/v1/conversations/{group.id}/messages/").json()["results"]
    assert history[-1]["attachments"] == [picture_, document]
    assert statuses(sign_in(bob), picture_) == [200, 200, 200]
    assert statuses(sign_in(bob), document) == [200, 200, 404]  # nothing to show small


def test_when_it_is_ready_the_message_changes(sign_in, alice, bob, group):
    upload = bring(sign_in(alice), group).json()
    message = send(sign_in(alice), group, upload, content="Look").json()
    assert message["attachments"][0]["status"] == "processing"

    process()

    log = sign_in(bob).get(f"/api/v1/conversations/{group.id}/log/?after={message['seq']}").json()["entries"]
    (entry,) = log
    assert (entry["type"], entry["seq"]) == ("message.updated", message["seq"] + 1)
    changed = entry["data"]["message"]
    assert (changed["attachments"][0]["status"], changed["is_edited"]) == ("ready", False)
    assert changed["changed_seq"] == entry["seq"]


def test_a_failed_upload_is_published_too(sign_in, alice, bob, group):
    upload = bring(sign_in(alice), group, picture("PNG")[:45]).json()
    send(sign_in(alice), group, upload)

    process()

    message = Message.objects.get()
    assert message.attachments[0]["status"] == "failed"


@pytest.mark.parametrize("whose", ["nobody's", "bob's", "another conversation's"])
def test_only_own_uploads_for_this_conversation_are_attached(whose, sign_in, alice, bob, group):
    other = conversations.open_direct(alice, user_id=bob.id)[0]
    upload = {
        "nobody's": lambda: {"id": str(uuid.uuid4())},
        "bob's": lambda: bring(sign_in(bob), group).json(),
        "another conversation's": lambda: bring(sign_in(alice), other).json(),
    }[whose]()

    response = send(sign_in(alice), group, upload, content="Look")

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "attachment_ids")
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "body", [{"content": " "}, {"content": "", "content_type": "image"}, {"content": "text", "content_type": "image"}]
)
def test_without_a_file_a_message_needs_text_and_is_text(body, sign_in, alice, group):
    assert sign_in(alice).post(f"/api/v1/conversations/{group.id}/messages/", body).status_code == 400


def test_at_most_ten_files(sign_in, alice, group):
    uploads = [bring(sign_in(alice), group, PDF).json() for _ in range(11)]

    assert send(sign_in(alice), group, *uploads).status_code == 400
    message = send(sign_in(alice), group, *uploads[:10]).json()
    assert [one["id"] for one in message["attachments"]] == [one["id"] for one in uploads[:10]]


def test_sending_again_attaches_once(sign_in, alice, group):
    upload = bring(sign_in(alice), group).json()

    first = send(sign_in(alice), group, upload, client_id="one")
    again = send(sign_in(alice), group, upload, client_id="one")

    assert (first.status_code, again.status_code) == (201, 200)
    assert Attachment.objects.count() == 1
    assert send(sign_in(alice), group, client_id="one", content="x").json()["code"] == "idempotency_conflict"


def test_outsiders_cannot_see_a_file(sign_in, alice, bob, carol, group, api):
    upload = brought(sign_in(alice), group)
    send(sign_in(alice), group, upload)

    assert statuses(sign_in(bob), upload) == [200, 200, 200]
    assert statuses(sign_in(carol), upload) == [404, 404, 404]
    assert statuses(sign_in(carol), upload, Range="bytes=0-10") == [404, 404, 404]
    assert statuses(api, upload) == [401, 401, 401]


def test_who_was_removed_sees_it_no_longer(sign_in, alice, bob, group):
    upload = brought(sign_in(bob), group)
    send(sign_in(bob), group, upload)

    conversations.remove_member(Membership.objects.of(alice, group.id), user_id=bob.id)

    assert statuses(sign_in(bob), upload) == [404, 404, 404]
    assert statuses(sign_in(bob), upload, Range="bytes=0-") == [404, 404, 404]
    assert statuses(sign_in(alice), upload) == [200, 200, 200]


def test_who_joins_later_sees_nothing_from_before(sign_in, alice, bob, carol):
    group = conversations.create_group(
        alice, name="New", description="", history="joined", member_ids=[bob.id], members_can_invite=False
    )
    upload = brought(sign_in(alice), group)
    send(sign_in(alice), group, upload)

    conversations.add_members(Membership.objects.of(alice, group.id), user_ids=[carol.id])

    assert statuses(sign_in(carol), upload) == [404, 404, 404]
    assert sign_in(carol).get(f"/api/v1/conversations/{group.id}/media/").json()["results"] == []
    send(sign_in(alice), group, upload)
    assert statuses(sign_in(carol), upload) == [200, 200, 200]


def test_a_deleted_message_takes_its_file_with_it(sign_in, alice, bob, group):
    upload = brought(sign_in(alice), group)
    message = send(sign_in(alice), group, upload).json()
    assert stored()

    assert sign_in(alice).delete(f"/api/v1/messages/{message['id']}/").status_code == 204

    for user in (alice, bob):
        assert statuses(sign_in(user), upload) == [404, 404, 404]
        assert statuses(sign_in(user), upload, Range="bytes=0-10") == [404, 404, 404]
    assert (stored(), Blob.objects.count(), Upload.objects.count()) == ([], 0, 0)
    tombstone = sign_in(bob).get(f"/api/v1/conversations/{group.id}/messages/").json()["results"][-1]
    assert (tombstone["is_deleted"], tombstone["attachments"]) == (True, [])


def test_a_file_in_a_second_message_stays(sign_in, alice, bob, group):
    upload = brought(sign_in(alice), group)
    first, _ = send(sign_in(alice), group, upload).json(), send(sign_in(alice), group, upload)

    sign_in(alice).delete(f"/api/v1/messages/{first['id']}/")

    assert statuses(sign_in(bob), upload) == [200, 200, 200]


def test_the_same_bytes_of_somebody_else_stay(sign_in, alice, bob, group):
    uploads = [brought(sign_in(user), group) for user in (alice, bob)]
    message, _ = [send(sign_in(user), group, upload).json() for user, upload in zip((alice, bob), uploads, strict=True)]

    sign_in(alice).delete(f"/api/v1/messages/{message['id']}/")

    assert statuses(sign_in(bob), uploads[0]) == [404, 404, 404]
    assert statuses(sign_in(bob), uploads[1]) == [200, 200, 200]


def test_an_edit_adds_and_takes_away_files(sign_in, alice, bob, group):
    one, two = brought(sign_in(alice), group), brought(sign_in(alice), group, PDF)
    message = send(sign_in(alice), group, one, content="Look").json()
    address = f"/api/v1/messages/{message['id']}/"

    def edit(**body):
        return sign_in(alice).patch(address, body)

    both = edit(content="Look", attachment_ids=[two["id"], one["id"]]).json()
    assert ([a["id"] for a in both["attachments"]], both["content_type"]) == ([two["id"], one["id"]], "file")
    assert edit(content="Only words changed").json()["attachments"] == both["attachments"]
    assert edit(content="", attachment_ids=[two["id"]]).json()["attachments"] == [two]
    assert statuses(sign_in(bob), one) == [404, 404, 404]
    assert edit(content="", attachment_ids=[]).status_code == 400
    text = edit(content="Text again", attachment_ids=[]).json()
    assert (text["content_type"], text["attachments"], stored()) == ("text", [], [])


def test_a_file_that_stands_in_a_message_is_not_taken_back(sign_in, alice, group):
    upload = brought(sign_in(alice), group)
    send(sign_in(alice), group, upload)

    response = sign_in(alice).delete(f"/api/v1/media/{upload['id']}/")

    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_a_reply_says_what_it_answers(sign_in, alice, bob, group):
    message = send(sign_in(alice), group, brought(sign_in(alice), group)).json()

    reply = send(sign_in(bob), group, content="Nice", reply_to_id=message["id"]).json()

    assert (reply["reply_to"]["content"], reply["reply_to"]["content_type"]) == ("", "image")
    listed = sign_in(alice).get(f"/api/v1/conversations/{group.id}/messages/").json()["results"][-1]
    assert listed["reply_to"] == reply["reply_to"]


def test_all_files_of_a_conversation_page_by_key(sign_in, alice, bob, group):
    pictures = [brought(sign_in(alice), group, picture(size=(30 + n, 20))) for n in range(3)]
    document = brought(sign_in(bob), group, PDF)
    send(sign_in(alice), group, *pictures[:2])
    send(sign_in(bob), group, document, content="The plan")
    last = send(sign_in(alice), group, pictures[2]).json()
    address = f"/api/v1/conversations/{group.id}/media/"

    rows = sign_in(bob).get(address).json()["results"]
    assert [row["id"] for row in rows] == [one["id"] for one in (pictures[2], document, *pictures[:2])]
    assert (rows[0]["message_id"], rows[0]["seq"]) == (last["id"], last["seq"])
    assert rows[1]["sender"]["username"] == "bob"
    assert [row["id"] for row in sign_in(bob).get(address, {"kind": "document"}).json()["results"]] == [document["id"]]
    first = sign_in(bob).get(address, {"limit": 3}).json()
    assert [row["id"] for row in sign_in(bob).get(first["next"]).json()["results"]] == [pictures[1]["id"]]
    assert sign_in(bob).get(address, {"kind": "nonsense"}).status_code == 400
