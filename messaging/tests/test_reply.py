"""Replies quote a message of the same conversation, as far as every member may see it."""


async def test_a_reply_has_a_quote_over_http_and_socket(signed_up) -> None:
    alice, bob = (
        signed_up(
            "alice",
        ),
        signed_up("bob"),
    )
    group = alice.group(bob)
    question = alice.write(group, "x" * 300)

    async with alice.socket() as mine, bob.socket() as his:
        sent = await his.say(group, "Answer", reply_to_id=question["id"])
        received = await mine.expect("message.created")

    assert received["data"]["message"] == sent
    assert sent["reply_to"]["content"] == "x" * 200
    assert sent["reply_to"]["sender"]["id"] == alice.id
    assert alice.history(group)[1]["reply_to"] == sent["reply_to"]


def test_with_history_from_joining_quotes_have_no_content(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    old = alice.write(group, "Before carol")
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})

    answer = bob.write(group, "About that", reply_to_id=old["id"])

    assert answer["reply_to"] == {
        "id": old["id"],
        "seq": old["seq"],
        "sender": None,
        "content": None,
        "content_type": None,
    }
    assert carol.history(group)[0]["reply_to"] == answer["reply_to"]
    assert (
        carol.code("POST", f"conversations/{group}/messages/", {"content": "?", "reply_to_id": old["id"]}) == "invalid"
    )
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "!", "reply_to_id": old["id"]}) == "ok"


async def test_a_reply_to_a_message_of_another_conversation_is_refused(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    there = alice.write(other, "Elsewhere")

    async with alice.socket() as mine, bob.socket() as his:
        refused = await mine.ask("message.send", conversation_id=group, content="Look", reply_to_id=there["id"])
        await his.quiet()

    assert refused["error"]["code"] == "invalid"
    assert refused["error"]["errors"][0]["field"] == "reply_to_id"
    assert his.of("message.created") == []
    assert bob.history(group) == []
    assert (
        alice.code("POST", f"conversations/{other}/messages/", {"content": "Here", "reply_to_id": there["id"]}) == "ok"
    )
