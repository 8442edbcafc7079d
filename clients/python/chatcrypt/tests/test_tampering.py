"""Whatever is changed in an envelope, a backup or a file is noticed; whatever is written opens to itself."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chatcrypt import (
    CURVE,
    RSA,
    CryptoError,
    Envelope,
    Head,
    Place,
    make_device,
    open_message,
    read_device,
    safety_number,
    seal_message,
)
from chatcrypt.canonical import decode, encode, pack
from chatcrypt.tests.cast import own, public, refused, vectors
from chatcrypt.tests.files import opened, sealed
from chatcrypt.text import is_blank

pytestmark = pytest.mark.plain
GOOD = {each["name"]: each for each in vectors("messages")["python"]}
PLACE = Place("4c6b3e2a-6d0e-4f5e-9a59-3f1d2b7c8e90", "1")
WELL_FORMED = st.characters(exclude_categories=["Cs"])
BINARY = ["nonce", "ciphertext", "signature", "recipients.0.key", "recipients.1.key"]


def reading(case: dict[str, Any], envelope: object) -> dict[str, Any]:
    place = Place(**case["place"])
    return open_message(envelope, place, sender=public(case["sender"]), devices=[own(case["recipients"][0])])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["phones", "laptops"]), st.sampled_from(BINARY), st.integers(0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(name, field, at, change) -> None:
    case = GOOD[name]
    envelope = deepcopy(case["envelope"])
    *path, last = field.split(".")
    holder: Any = envelope["recipients"][int(path[1])] if path else envelope
    data = bytearray(decode(holder[last]))
    data[at % len(data)] ^= change
    holder[last] = encode(bytes(data))
    with refused("signature_invalid"):
        reading(case, envelope)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BINARY), st.integers(0), WELL_FORMED)
def test_any_changed_character_is_noticed(field, at, character) -> None:
    case = GOOD["phones"]
    envelope = deepcopy(case["envelope"])
    *path, last = field.split(".")
    holder: Any = envelope["recipients"][int(path[1])] if path else envelope
    at %= len(holder[last])
    if holder[last][at] == character:
        return
    holder[last] = holder[last][:at] + character + holder[last][at + 1 :]
    with pytest.raises(CryptoError):
        reading(case, envelope)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1), st.integers(0, 63), st.sampled_from("0123456789abcdef"), st.integers(1, 2**53 - 1))
def test_any_other_head_of_a_key_log_is_noticed(which, at, digit, number) -> None:
    case = GOOD["everybody, with heads"]
    head = [head for head in case["envelope"]["heads"] if head["number"]][which]
    others = {"hash": head["hash"][:at] + digit + head["hash"][at + 1 :], "number": number}
    for field, value in others.items():
        if head[field] == value:
            continue
        envelope = deepcopy(case["envelope"])
        next(each for each in envelope["heads"] if each == head)[field] = value
        with refused("signature_invalid"):
            reading(case, envelope)


def test_heads_are_sealed_in_order_and_there_are_not_too_many() -> None:
    heads = [Head(f"0d000000-0000-4000-8000-{number:012}", 1, "ab" * 32) for number in range(257)]
    how = {"sender": own("bob-phone"), "recipients": [public("bob-phone")], "roster_seq": 1}
    envelope = seal_message({"content": "Hi"}, PLACE, heads=heads[255::-1], **how)
    assert Envelope.read(envelope).heads == tuple(heads[:256])
    for given_heads, code in ((heads, "too_large"), ([heads[0], heads[0]], "heads_unsorted")):
        with refused(code):
            seal_message({"content": "Hi"}, PLACE, heads=given_heads, **how)


ROWS = ["recipients.0.device", "recipients.0.key", "heads.0.user", "heads.0.number", "heads.0.hash"]
FIELDS_OF_ALL = [*GOOD["phones, with heads"]["envelope"], *ROWS]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FIELDS_OF_ALL), JSON)
def test_any_nonsense_instead_of_a_field_is_refused(field, nonsense) -> None:
    case = GOOD["phones, with heads"]
    envelope = deepcopy(case["envelope"])
    holder = envelope[field.split(".")[0]][0] if "." in field else envelope
    holder[field.split(".")[-1]] = nonsense
    if envelope == case["envelope"] and not isinstance(nonsense, bool):
        return
    with pytest.raises(CryptoError):
        reading(case, envelope)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_nonsense_instead_of_an_envelope_or_a_bundle_is_refused(nonsense) -> None:
    with pytest.raises(CryptoError):
        reading(GOOD["phones"], nonsense)
    with pytest.raises(CryptoError):
        read_device(None, public("alice-phone").user_id, nonsense)


@settings(max_examples=60, deadline=None)
@given(st.text(WELL_FORMED, max_size=2_000))
def test_any_text_opens_to_itself(text) -> None:
    assume(not is_blank(text))
    for name in ("alice-phone", "bob-laptop"):
        recipients = [public("alice-phone"), public("bob-laptop")]
        envelope = seal_message({"content": text}, PLACE, sender=own(name), recipients=recipients, roster_seq=1)
        for reader in ("alice-phone", "bob-laptop"):
            body = open_message(envelope, PLACE, sender=public(name), devices=[own(reader)])
            assert body["content"] == text


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200_000), st.integers(0), st.data())
def test_a_file_opens_to_itself_and_no_byte_of_it_can_change(size, seed, data) -> None:
    plain = bytes((seed + number) % 256 for number in range(size))
    stored, secrets = sealed(plain)
    assert opened(stored, secrets) == plain
    at = data.draw(st.integers(0, len(stored) - 1))
    with refused("file_invalid"):
        opened(stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :], secrets)
    with pytest.raises(CryptoError):
        opened(stored[:at], secrets)


FIELDS = st.lists(st.text(max_size=4) | st.binary(max_size=4), max_size=4)


@given(FIELDS, FIELDS)
def test_different_fields_are_packed_differently(one, other) -> None:
    bare = [[field.encode() if isinstance(field, str) else field for field in fields] for fields in (one, other)]
    assert (pack("d", *one) == pack("d", *other)) == (bare[0] == bare[1])


def test_what_is_sealed_twice_is_not_the_same() -> None:
    once, again = (
        seal_message({"content": "Hi"}, PLACE, sender=own("bob-phone"), recipients=[public("bob-phone")], roster_seq=1)
        for _ in range(2)
    )
    assert all(once[field] != again[field] for field in ("nonce", "ciphertext", "signature", "recipients"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "a" * 10_001}, "content_invalid"),
        ({"content": "a" + "\x01" * 9_999, "mentions": [], "attachments": []}, None),
        ({"content": "\ud800"}, "content_invalid"),
        ({"content": "Hi", "mentions": ["bob"]}, "content_invalid"),
        ({"content": "Hi", "mentions": [PLACE.conversation_id] * 51}, "content_invalid"),
        ({}, "content_invalid"),
    ],
)
def test_what_is_no_body_is_not_sealed(body, code) -> None:
    def seal() -> object:
        return seal_message(body, PLACE, sender=own("bob-phone"), recipients=[public("bob-phone")], roster_seq=1)

    if code is None:
        assert seal()
        return
    with refused(code):
        seal()


@pytest.mark.parametrize("content", vectors("text")["blank"])
def test_nothing_is_sealed_of_which_nothing_can_be_seen(content) -> None:
    how = {"sender": own("bob-phone"), "recipients": [public("bob-phone")], "roster_seq": 1}
    attachment = next(each["body"]["attachments"][0] for each in GOOD.values() if "attachments" in each["body"])
    for body in ({"content": content}, {"content": content, "attachments": []}):
        with refused("content_invalid"):
            seal_message(body, PLACE, **how)
    assert seal_message({"content": content, "attachments": [attachment]}, PLACE, **how)


def test_a_recipient_stands_there_once_and_there_is_one() -> None:
    for recipients, code in (([], "malformed"), ([public("bob-phone")] * 2, "recipients_duplicate")):
        with refused(code):
            seal_message({"content": "Hi"}, PLACE, sender=own("bob-phone"), recipients=recipients, roster_seq=1)


def test_a_removed_device_opens_nothing_that_comes_later() -> None:
    envelope = seal_message(
        {"content": "without carol"}, PLACE, sender=own("bob-phone"), recipients=[public("bob-phone")], roster_seq=2
    )
    with refused("not_a_recipient"):
        open_message(envelope, PLACE, sender=public("bob-phone"), devices=[own("carol-phone")])


def test_a_key_that_makes_no_secret_is_nobody_s() -> None:
    good = make_device(public("carol-phone").user_id, CURVE, device=public("carol-phone").id)
    zeros = good.public.encryption_key[:12] + bytes(32)
    signature = CURVE.sign(
        good.signing_key, pack("chat/bundle/1", CURVE.name, good.public.user_id, zeros, good.public.signing_key)
    )
    bundle = {**good.public.bundle, "encryption_key": encode(zeros), "signature": encode(signature)}
    carol = read_device(good.id, good.public.user_id, bundle)
    with refused("bad_key"):
        seal_message({"content": "Hi"}, PLACE, sender=own("bob-phone"), recipients=[carol], roster_seq=1)


def test_private_keys_are_not_shown() -> None:
    for suite in (RSA, CURVE):
        device = make_device(public("carol-phone").user_id, suite)
        assert "PrivateKey" not in repr(device)


def test_a_safety_number_is_of_two_people() -> None:
    alice = [public("alice-phone")]
    for others in ([], alice, [public("bob-phone"), public("carol-phone")]):
        with refused("malformed"):
            safety_number(alice, others)
