"""End-to-end encryption: a message is accepted if it is sealed for exactly the devices of all members."""

import asyncio

import pytest
from chatcrypt import CURVE, RSA, CryptoError, Envelope, make_device, sign_rotation

from messaging.tests.client import Person
from messaging.tests.sealing import Sealer

WORDS = "The cat is in the bag"


def direct(one: Person, other: Person, **more: str) -> str:
    return one.post("conversations/", {"kind": "direct", "user_id": other.id, "encryption": "e2ee", **more})["id"]


def group(owner: Person, *others: Person) -> str:
    return owner.group(*others, encryption="e2ee")


def refusal(person: Person, conversation: str, body: dict) -> dict:
    answer = person.call("POST", f"conversations/{conversation}/messages/", json=body)
    assert not answer.is_success, answer.text
    return answer.json()


def refused(device: Sealer, message: dict) -> str:
    """The code with which a device refuses to read a message."""
    with pytest.raises(CryptoError) as caught:
        device.read(message)
    return caught.value.code


def edit(person: Person, message: dict, body: dict) -> dict:
    answer = person.call("PATCH", f"messages/{message['id']}/", json=body)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.parametrize("suite", [CURVE, RSA], ids=lambda suite: suite.name)
async def test_bob_can_read_what_alice_seals_and_the_server_cannot(signed_up, suite) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice, suite), Sealer(bob)
    conversation = direct(alice, bob)

    async with bob.socket() as socket:
        sent = await asyncio.to_thread(hers.write, conversation, WORDS)
        received = (await socket.expect("message.created"))["data"]["message"]

    assert await asyncio.to_thread(his.read, received) == WORDS
    assert (sent["content_type"], sent["content"], sent["metadata"]) == ("encrypted", "", None)
    assert WORDS not in str(bob.get(f"conversations/{conversation}/messages/"))
    assert bob.history(conversation)[0]["envelope"] == sent["envelope"]
    assert bob.get("sync/")["conversations"][0]["messages"][0]["envelope"] == sent["envelope"]
    assert bob.row(conversation)["unread_count"] == 1


async def test_sealed_messages_over_the_socket_and_their_retries(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)
    sealed = hers.seal(conversation, WORDS)

    async with alice.socket() as socket:
        first = await socket.ask("message.send", conversation_id=conversation, **sealed)
        second = await socket.ask("message.send", conversation_id=conversation, **sealed)

    assert first["data"]["message"]["id"] == second["data"]["message"]["id"]
    assert [his.read(message) for message in bob.history(conversation)] == [WORDS]


def test_two_users_can_have_a_direct_conversation_of_each_mode(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    sealed, plain = direct(alice, bob), direct(alice, bob, encryption="server")

    assert sealed != plain
    assert (direct(bob, alice), direct(bob, alice, encryption="server")) == (sealed, plain)
    assert [alice.row(id_)["encryption"] for id_ in (sealed, plain)] == ["e2ee", "server"]
    answer = alice.call("PATCH", f"conversations/{plain}/", json={"encryption": "e2ee"})
    assert alice.row(plain)["encryption"] == "server", answer.text
    channel = {"kind": "channel", "name": "News", "encryption": "e2ee"}
    assert alice.code("POST", "conversations/", channel) == "invalid"


def test_only_messages_sealed_for_exactly_these_devices_are_accepted(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    hers, his, foreign = Sealer(alice), Sealer(bob), Sealer(carol)
    conversation, other = group(alice, bob), group(alice, bob, carol)
    seq, devices = hers.roster(conversation)
    good = hers.seal(conversation, WORDS)
    stale = {
        "for fewer": hers.seal(conversation, WORDS, roster=(seq, devices[:1])),
        "for more": hers.seal(conversation, WORDS, roster=(seq, [*devices, foreign.own[0].public])),
        "for others": hers.seal(conversation, WORDS, roster=(seq, [hers.own[0].public, foreign.own[0].public])),
        "for an older roster": hers.seal(conversation, WORDS, roster=(seq - 1, devices)),
        "for another conversation": hers.seal(other, WORDS),
    }
    envelope = good["envelope"]
    first, second = envelope["heads"]
    bare = {name: value for name, value in envelope.items() if name != "heads"}
    invalid = {
        "in the clear": {"content": WORDS},
        "in the clear beside": {**good, "content": WORDS},
        "with metadata": {**good, "metadata": {"topic": WORDS}},
        "with another roster": {**good, "roster_seq": seq + 1},
        "unsorted": {"envelope": {**envelope, "recipients": envelope["recipients"][::-1]}},
        "twice": {"envelope": {**envelope, "recipients": [envelope["recipients"][0]] * 2}},
        "to nobody": {"envelope": {**envelope, "recipients": []}},
        "of the other member's device": {"envelope": {**envelope, "sender_device": his.id}},
        "of another version": {"envelope": {**envelope, "v": 3}},
        "of version 1 with heads": {"envelope": {**envelope, "v": 1}},
        "of version 2 without heads": {"envelope": bare},
        "with heads unsorted": {"envelope": {**envelope, "heads": [second, first]}},
        "with a head twice": {"envelope": {**envelope, "heads": [first, first]}},
        "with no heads": {"envelope": {**envelope, "heads": []}},
        "with a head that has no hash": {"envelope": {**envelope, "heads": [{**first, "hash": ""}, second]}},
        "with a hash that is none": {"envelope": {**envelope, "heads": [{**first, "hash": WORDS}, second]}},
        "with more in a head": {"envelope": {**envelope, "heads": [{**first, "hint": WORDS}, second]}},
        "of another suite": {"envelope": {**envelope, "suite": "rot13"}},
        "with a field more": {"envelope": {**envelope, "hint": WORDS}},
        "of a managed key": {"envelope": {"v": 1, "key_id": hers.id, "wrapped_key": "A" * 512, "nonce": "A" * 16}},
        "not base64": {"envelope": {**envelope, "ciphertext": "<script>"}},
        "too large": {"envelope": {**envelope, "ciphertext": "A" * 90_000}},
    }

    for what, body in stale.items():
        answer = refusal(alice, conversation, body)
        assert answer["code"] == "stale_devices", what
        rows = {row["device_id"]: row["user_id"] for row in answer["roster"]["devices"]}
        assert (answer["roster"]["roster_seq"], rows) == (seq, {hers.id: alice.id, his.id: bob.id}), what
    for what, body in invalid.items():
        assert refusal(alice, conversation, body)["code"] == "invalid", what
    assert refusal(carol, conversation, good)["code"] == "not_found"
    plain = alice.group(bob)
    assert refusal(alice, plain, good)["code"] == "invalid"
    assert alice.history(conversation) == []
    assert alice.write(conversation, "", **good)["envelope"] == envelope, "this one could have gone in"


def test_a_message_carries_the_key_log_heads_that_the_sender_saw(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)

    sent = hers.write(conversation, WORDS)

    heads = Envelope.read(bob.history(conversation)[0]["envelope"]).heads
    assert {head.user for head in heads} == {alice.id, bob.id}
    for head in heads:
        hashes = [line["hash"] for line in bob.get(f"encryption/key-log/{head.user}/")["entries"]]
        assert head.is_of(hashes)
        assert head.number == len(hashes) == 1
    assert his.read(sent) == WORDS


def test_messages_of_version_1_clients_are_accepted_and_read(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)

    sent = hers.write(conversation, WORDS, roster=hers.roster(conversation))

    assert (sent["envelope"]["v"], "heads" in sent["envelope"]) == (1, False)
    assert his.read(bob.history(conversation)[0]) == WORDS


async def test_a_new_device_is_logged_and_reads_messages_from_then_on(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = group(alice, bob)
    before = hers.write(conversation, "before")
    stale = hers.seal(conversation, "too late")

    async with alice.socket() as socket:
        phone = await asyncio.to_thread(Sealer, bob.again())
        received = await socket.expect("member.updated")

    assert received["data"]["changed"] == "devices"
    assert received["data"]["key_change"] == {"number": 2, "kind": "added", "device_id": phone.id}
    assert alice.row(conversation)["roster_seq"] == received["seq"]
    assert refusal(alice, conversation, stale)["code"] == "stale_devices"
    after = hers.write(conversation, "after")
    assert [his.read(before), his.read(after), phone.read(after)] == ["before", "after", "after"]
    assert refused(phone, before) == "not_a_recipient"


def test_removed_members_and_devices_cannot_read_new_messages(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    hers, his, others = Sealer(alice), Sealer(bob), Sealer(carol)
    conversation = group(alice, bob, carol)
    assert others.read(hers.write(conversation, "for all")) == "for all"
    laptop = Sealer(bob.again())

    alice.call("DELETE", f"conversations/{conversation}/members/{carol.id}/")
    his.person.call("DELETE", f"encryption/devices/{his.id}/")
    sealed = hers.write(conversation, "for two")

    assert {row["device"] for row in sealed["envelope"]["recipients"]} == {hers.id, laptop.id}
    assert laptop.read(sealed) == "for two"
    assert refused(his, sealed) == "not_a_recipient"
    assert carol.code("GET", f"messages/{sealed['id']}/") == "not_found"


def test_old_messages_can_be_read_after_a_key_rotation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)
    before = hers.write(conversation, "before")
    new = make_device(alice.id, CURVE)
    proof = sign_rotation(hers.own[0], new)

    body = {"device_id": hers.id, "bundle": new.public.bundle, "signature": proof["signature"]}
    assert alice.call("PUT", "encryption/public-key/", json=body).status_code == 200
    stolen = hers.seal(conversation, "by the old key")
    hers.renew(new)
    after = hers.write(conversation, "after")

    assert [his.read(before), his.read(after)] == ["before", "after"]
    assert [hers.read(before), hers.read(after)] == ["before", "after"]
    forged = alice.write(conversation, "", **stolen)
    assert refused(his, forged) == "signature_invalid"


async def test_an_edit_is_a_new_envelope_and_the_old_one_is_in_the_history(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)
    message = hers.write(conversation, "first")
    change = hers.seal(conversation, "second", replaces=message["id"])

    async with bob.socket() as socket:
        edited = await asyncio.to_thread(edit, alice, message, change)
        received = (await socket.expect("message.updated"))["data"]["message"]
        assert (await asyncio.to_thread(edit, alice, message, change))["changed_seq"] == edited["changed_seq"]

    assert await asyncio.to_thread(his.read, received) == "second"
    assert received["is_edited"]
    (past,) = bob.get(f"messages/{message['id']}/history/")["results"]
    assert his.read({**message, "envelope": past["envelope"]}) == "first"
    assert past["client_id"] == message["client_id"]
    unnamed = {"envelope": hers.seal(conversation, "third", replaces=message["id"])["envelope"]}
    assert alice.code("PATCH", f"messages/{message['id']}/", unnamed) == "invalid"
    assert alice.code("PATCH", f"messages/{message['id']}/", {"content": WORDS}) == "invalid"
    other = {**hers.seal(conversation, "third", replaces=message["id"]), "client_id": change["client_id"]}
    assert alice.code("PATCH", f"messages/{message['id']}/", other) == "idempotency_conflict"
    late = hers.seal(conversation, "third", replaces=message["id"])
    Sealer(bob.again())
    assert alice.code("PATCH", f"messages/{message['id']}/", late) == "stale_devices"


def test_deleting_leaves_no_envelope(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, _ = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)
    message = hers.write(conversation, "first")
    edit(alice, message, hers.seal(conversation, "second", replaces=message["id"]))

    assert alice.call("DELETE", f"messages/{message['id']}/").status_code == 204

    (tombstone,) = bob.history(conversation)
    assert (tombstone["is_deleted"], tombstone["envelope"], tombstone.get("edit_id")) == (True, None, None)
    assert bob.code("GET", f"messages/{message['id']}/history/") == "not_found"


async def test_mentions_are_declared_and_replies_quote_nothing(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    hers, his = Sealer(alice), Sealer(bob)
    conversation = group(alice, bob)
    first = hers.write(conversation, "first")

    named = hers.seal(conversation, f"@{bob.name}") | {"mention_ids": [bob.id], "reply_to_id": first["id"]}
    message = alice.write(conversation, "", **named)

    assert his.read(message) == f"@{bob.name}"
    assert message["mentions"] == [bob.id]
    assert (message["reply_to"]["content"], message["reply_to"]["content_type"]) == ("", "encrypted")
    assert bob.row(conversation)["mention_count"] == 1
    foreign = hers.seal(conversation, "Hi") | {"mention_ids": [carol.id]}
    assert refusal(alice, conversation, foreign)["code"] == "invalid"
    assert bob.get("messages/search/?q=first")["results"] == []


def test_encrypted_files_have_no_name_and_type(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    hers, _ = Sealer(alice), Sealer(bob)
    conversation = direct(alice, bob)
    files = {"file": ("secret plan.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png")}

    answer = alice.call("POST", "media/", data={"conversation_id": conversation}, files=files)
    upload = answer.json()

    assert answer.status_code == 201, answer.text
    assert (upload["filename"], upload["mime_type"], upload["kind"]) == ("sealed", "application/octet-stream", "other")
    assert (upload["status"], upload["thumbnail_url"]) == ("ready", None)
    message = alice.write(conversation, "", **hers.seal(conversation, "Look"), attachment_ids=[upload["id"]])
    assert message["content_type"] == "encrypted"
    content = bob.call("GET", f"media/{upload['id']}/content/")
    assert content.content == files["file"][1]
    assert "attachment" in content.headers["Content-Disposition"]
