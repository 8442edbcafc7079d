"""Replying: a quote of what is in the same conversation, as far as everybody there may see it."""


async def test_a_reply_carries_a_quote_over_both_doors(person) -> None:
    alice, bob = (
        person(
            "alice",
        ),
        person("bob"),
    )
    group = alice.group(bob)
    question = alice.write(group, "x" * 300)

    async with alice.socket() as mine, bob.socket() as his:
        sent = await his.say(group, "Answer", reply_to_id=question["id"])
        heard = await mine.expect("message.created")

    assert heard["data"]["message"] == sent
    assert sent["reply_to"]["content"] == "x" * 200
    assert sent["reply_to"]["sender"]["id"] == alice.id
    assert alice.history(group)[1]["reply_to"] == sent["reply_to"]


def test_where_history_begins_with_joining_quotes_are_bare(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
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


async def test_replying_to_what_is_elsewhere_is_refused_without_a_trace(person) -> None:
    alice, bob = person("alice"), person("bob")
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
