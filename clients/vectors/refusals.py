"""What both implementations must refuse, and with which code. Everything here is altered from what is good."""

from copy import deepcopy
from typing import Any

from chatcrypt.body import COMMITMENT, pad
from chatcrypt.canonical import decode, encode
from chatcrypt.envelope import Envelope
from chatcrypt.tests.cast import own, place_of, public, vectors
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from other_refusals import backups, bundles, files, rotations
from settled import an_id, line, seed

Json = dict[str, Any]
SMALLEST = "00000000-0000-4000-8000-000000000000"


def refusals(_: Json) -> Json:
    return {
        "messages": [*_altered(), *_other_heads(), *_misread(), *_forged()],
        "bundles": bundles(),
        "rotations": rotations(),
        "files": files(),
        "backups": backups(),
    }


def _good(name: str = "phones", who: str = "python") -> Json:
    found = next(each for each in vectors("messages")[who] if each["name"] == name)
    return {**deepcopy(found), "reader": "bob-phone"}


def _case(name: str, code: str, good: Json, **changes: Any) -> Json:
    """A case is what `open_message` is given, and `before`: envelopes that were read there before."""
    fields = ("place", "sender", "reader", "envelope", "before")
    asked = {field: value for field, value in {**good, **changes}.items() if field in fields}
    return {"name": name, "code": code, **asked}


def flipped(text: str, at: int = 0) -> str:
    data = bytearray(decode(text))
    data[at] ^= 1
    return encode(bytes(data))


def _altered() -> list[Json]:
    """Somebody between has changed the envelope of another's message."""
    good = _good()
    envelope, rich = good["envelope"], _good("everybody, from a phone")
    first, second = envelope["recipients"]
    nonce, ciphertext, signature = envelope["nonce"], envelope["ciphertext"], envelope["signature"]

    def case(name: str, code: str, **fields: Any) -> Json:
        return _case(name, code, good, envelope={**envelope, **fields})

    exchanged = [{**first, "key": second["key"]}, {**second, "key": first["key"]}]
    added = [*envelope["recipients"], {"device": "ffffffff-ffff-4fff-bfff-ffffffffffff", "key": first["key"]}]
    long = rich["envelope"]
    renamed = {**first, "device": SMALLEST}
    short = encode(decode(first["key"])[:-1])
    without = {name: value for name, value in envelope.items() if name != "nonce"}
    return [
        case("roster_seq changed", "signature_invalid", roster_seq=8),
        case("nonce changed", "signature_invalid", nonce=flipped(nonce)),
        case("ciphertext changed", "signature_invalid", ciphertext=flipped(ciphertext, 40)),
        case("tag changed", "signature_invalid", ciphertext=flipped(ciphertext, -1)),
        case("signature changed", "signature_invalid", signature=flipped(signature)),
        case("signature of zeros", "signature_invalid", signature=encode(bytes(64))),
        case("recipients reordered", "recipients_unsorted", recipients=[second, first]),
        case("recipient dropped", "signature_invalid", recipients=[second]),
        case("recipient added", "signature_invalid", recipients=added),
        case("recipient twice", "recipients_duplicate", recipients=[first, first, second]),
        case(
            "recipient renamed",
            "signature_invalid",
            recipients=[renamed, second],
        ),
        case("keys exchanged", "signature_invalid", recipients=exchanged),
        case("no recipients", "malformed", recipients=[]),
        case("wrapped key one byte short", "bad_length", recipients=[{**first, "key": short}, second]),
        case("recipient with another field", "malformed", recipients=[{**first, "x": 1}, second]),
        case("ciphertext one byte short", "bad_length", ciphertext=encode(decode(ciphertext)[:-1])),
        _case(
            "ciphertext cut to a smaller class",
            "signature_invalid",
            rich,
            envelope={**long, "ciphertext": encode(decode(long["ciphertext"])[: 256 + 16])},
        ),
        case("nonce one byte long", "bad_length", nonce=nonce + "AA"),
        case("no ciphertext", "bad_length", ciphertext=""),
        case("base64url with padding", "bad_encoding", ciphertext=ciphertext + "="),
        case("base64 of the other alphabet", "bad_encoding", nonce="+" + nonce[1:]),
        case("base64url with bits left over", "bad_encoding", signature=signature[:-1] + "B"),
        case("sender changed", "wrong_sender", sender_device=an_id("bob-phone")),
        case("sender in capitals", "malformed", sender_device=envelope["sender_device"].upper()),
        case("version 3", "unknown_version", v=3),
        case("version 2 without heads", "malformed", v=2),
        case("version 1 with heads", "malformed", heads=_good("phones, with heads")["envelope"]["heads"]),
        case("version in text", "unknown_version", v="1"),
        case("unknown suite", "unknown_suite", suite="rot13"),
        case("suite that is a name of every object", "unknown_suite", suite="constructor"),
        case("suite exchanged", "bad_length", suite=public("bob-laptop").suite.name),
        case("roster_seq below zero", "malformed", roster_seq=-1),
        case("roster_seq in text", "malformed", roster_seq="7"),
        case("roster_seq beyond 2^53", "malformed", roster_seq=2**53),
        case("roster_seq that is true", "malformed", roster_seq=True),
        case("one field more", "malformed", key="AA"),
        _case("one field less", "malformed", good, envelope=without),
        _case("a list", "malformed", good, envelope=[envelope]),
        _case("nothing", "malformed", good, envelope=None),
    ]


def _other_heads() -> list[Json]:
    """Somebody between wants the reader to believe that the author has seen other key logs."""
    good = _good("phones, with heads")
    envelope = good["envelope"]
    first, *others = envelope["heads"]
    known = next(head for head in others if head["number"])
    plain = {name: value for name, value in envelope.items() if name != "heads"}

    def case(name: str, code: str, heads: object, **fields: Any) -> Json:
        return _case(name, code, good, envelope={**envelope, "heads": heads, **fields})

    def changed(**fields: Any) -> list[Json]:
        return [{**head, **fields} if head is known else head for head in envelope["heads"]]

    return [
        case("hash of a head changed", "signature_invalid", changed(hash=line("another"))),
        case("number of a head changed", "signature_invalid", changed(number=known["number"] + 1)),
        case("a head as if nothing was registered", "signature_invalid", changed(number=0, hash="")),
        case("a head dropped", "signature_invalid", others),
        case("a head of somebody else", "signature_invalid", [{**first, "user": SMALLEST}, *others]),
        case("heads reordered", "heads_unsorted", [*others, first]),
        case("a head twice", "heads_unsorted", [first, first, *others]),
        case("no heads", "malformed", []),
        case("heads that are no list", "malformed", {}),
        case("heads that are nothing", "malformed", None),
        case("a head with another field", "malformed", changed(x=1)),
        case("a hash in capitals", "malformed", changed(hash=known["hash"].upper())),
        case("a hash that is short", "malformed", changed(hash=known["hash"][:-1])),
        case("a hash before the first line", "malformed", changed(number=0)),
        case("a line without a hash", "malformed", changed(hash="")),
        case("number of a head below zero", "malformed", changed(number=-1)),
        case("a head of no id", "malformed", changed(user="bob")),
        _case("taken back to version 1", "signature_invalid", good, envelope={**plain, "v": 1}),
    ]


def _misread() -> list[Json]:
    """A good envelope, shown where it does not belong."""
    good, edit = _good(), _good("phones, edited")
    place = good["place"]
    other = {**place, "client_id": "another"}
    by_javascript = _good("everybody, from a phone", "javascript")
    elsewhere = {**by_javascript["place"], "conversation_id": an_id("elsewhere")}
    mine = Forger(good)
    return [
        _case(
            "swapped conversation", "signature_invalid", good, place={**place, "conversation_id": an_id("elsewhere")}
        ),
        _case("swapped conversation, by JavaScript", "signature_invalid", by_javascript, place=elsewhere),
        _case("another client_id", "signature_invalid", good, place=other),
        _case("a message as an edit", "signature_invalid", good, place={**place, "replaces": an_id("message")}),
        _case("an edit as a message", "signature_invalid", edit, place={**edit["place"], "replaces": None}),
        _case(
            "an edit of another message", "signature_invalid", edit, place={**edit["place"], "replaces": an_id("m2")}
        ),
        _case("said to be from another device", "wrong_sender", good, sender="carol-phone"),
        _case("said to be from before a rotation", "signature_invalid", good, sender="alice-phone-rotated"),
        _case("read by an outsider", "not_a_recipient", good, reader="carol-phone"),
        _case("read with rotated keys", "wrap_invalid", good, reader="alice-phone-rotated"),
        _case("client_id used twice", "replayed", good, before=[mine.sealed({"content": "the first"})]),
    ]


class Forger:
    """Seals as the sender of a good message could, who does not keep to the format; or as carol in her name."""

    def __init__(self, good: Json, signer: str | None = None) -> None:
        self.signer = own(signer or good["sender"])
        self.sender, self.readers = public(good["sender"]), [public(name) for name in good["recipients"]]
        self.envelope = Envelope.read(good["envelope"])
        self.context = place_of(good["place"]).context(self.sender.suite, str(self.sender.id), 7)
        self.key = seed(good["place"]["client_id"], "key")  # the one that is wrapped in the good one

    def signed(self, **changes: Any) -> Json:
        fields = {name: getattr(self.envelope, name) for name in self.envelope.__dataclass_fields__}
        unsigned = Envelope(**{**fields, **changes})
        signature = self.sender.suite.sign(self.signer.signing_key, unsigned.signed(self.context))
        return {**unsigned.to_json(), "signature": encode(signature)}

    def holding(self, plaintext: bytes, context: bytes | None = None) -> Json:
        bound = self.context if context is None else context
        return self.signed(ciphertext=AESGCM(self.key).encrypt(self.envelope.nonce, plaintext, bound))

    def sealed(self, body: Json) -> Json:
        return self.holding(pad(body))


def _inside(text: bytes, size: int = 256, length: int | None = None) -> bytes:
    head = COMMITMENT + (len(text) if length is None else length).to_bytes(4, "big")
    return (head + text).ljust(size, b"\0")


def _forged() -> list[Json]:
    good = _good()
    alice, carol = Forger(good), Forger(good, "carol-phone")
    (first, key), (second, other_key) = alice.envelope.recipients
    keys = {first: key, second: other_key}

    def wrapped(value: bytes) -> Json:
        return alice.signed(
            recipients=tuple((device, value if device == an_id("bob-phone") else key) for device in keys)
        )

    plaintexts = {
        "zeros in front are not zeros": b"\1" + pad({"content": ""})[1:],
        "padding that is not zeros": pad({"content": ""})[:-1] + b"\1",
        "padded to a larger class than needed": _inside(b'{"content":""}', 512),
        "length beyond the end": _inside(b'{"content":""}', length=2**32 - 1),
        "not JSON": _inside(b"content"),
        "JSON with more behind it": _inside(b'{"content":""}}'),
        "not a number of JSON": _inside(b'{"content":"","x":NaN}'),
        "not UTF-8": _inside(b'{"content":"\xff"}'),
        "a byte order mark": _inside(b'\xef\xbb\xbf{"content":""}'),
        "a lone surrogate": _inside(b'{"content":"\\ud800"}'),
        "no content": _inside(b"{}"),
        "content that is no text": _inside(b'{"content":1}'),
        "content that is too long": _inside(b'{"content":"%s"}' % (b"a" * 10_001), 16_384),
        "mentions that are no list": _inside(b'{"content":"","mentions":{}}'),
        "mentions that are nothing": _inside(b'{"content":"","mentions":null}'),
        "a mention that is no id": _inside(b'{"content":"","mentions":["bob"]}'),
        "an attachment without a key": _inside(b'{"content":"","attachments":[{}]}'),
        "a list": _inside(b"[]"),
        "nested without end": _inside(b"[" * 60_000, 65_536),
    }
    return [
        _case("foreign signature", "signature_invalid", good, envelope=carol.signed()),
        _case(
            "signed without order",
            "recipients_unsorted",
            good,
            envelope=alice.signed(recipients=tuple(keys.items())[::-1]),
        ),
        _case("a key for somebody else", "wrap_invalid", good, envelope=wrapped(keys[an_id("alice-phone")])),
        _case("a key of zeros", "wrap_invalid", good, envelope=wrapped(bytes(80))),
        _case("a key of another suite's length", "wrap_invalid", good, envelope=wrapped(bytes(384))),
        _case(
            "a ciphertext under another key", "ciphertext_invalid", good, envelope=alice.signed(ciphertext=bytes(272))
        ),
        _case(
            "altered associated data",
            "ciphertext_invalid",
            good,
            envelope=alice.holding(pad({"content": ""}), alice.context + b"\0"),
        ),
        *(_case(name, "content_invalid", good, envelope=alice.holding(held)) for name, held in plaintexts.items()),
    ]
