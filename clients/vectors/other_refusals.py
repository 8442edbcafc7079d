"""Bundles, rotations, files and backups that must be refused."""

from copy import deepcopy
from typing import Any

from chatcrypt.canonical import decode, encode
from chatcrypt.devices import sign_bundle
from chatcrypt.tests.cast import own, public, vectors
from settled import an_id

Json = dict[str, Any]
CHUNK = 64 * 1024 + 16


def _with(data: str, at: int, value: int) -> str:
    changed = bytearray(decode(data))
    changed[at] = value
    return encode(bytes(changed))


def bundles() -> list[Json]:
    """A case is `{user_id, bundle}`."""
    alice, bob, carol = (public(name).bundle for name in ("alice-phone", "bob-phone", "carol-phone"))
    laptop = public("alice-laptop").bundle
    half = own("alice-laptop")

    def case(name: str, code: str, bundle: Json, user: str = "alice", **fields: Any) -> Json:
        return {"name": name, "code": code, "user_id": an_id(user), "bundle": {**bundle, **fields}}

    def lent() -> Json:
        """carol shows bob's encryption key as hers, signed by bob's bundle."""
        return {**carol, "encryption_key": bob["encryption_key"]}

    same = sign_bundle(an_id("alice"), half.public.suite, half.signing_key, half.signing_key).public.bundle
    return [
        case("of somebody else", "bundle_invalid", bob),
        case("of somebody else, with RSA", "bundle_invalid", laptop, "bob"),
        case("encryption key exchanged", "bundle_invalid", lent(), "carol"),
        case("signature of somebody else", "bundle_invalid", alice, signature=bob["signature"]),
        case("suite exchanged", "bad_length", alice, suite=laptop["suite"]),
        case("unknown suite", "unknown_suite", alice, suite="x25519"),
        case("an encryption key to sign with", "bad_key", alice, signing_key=alice["encryption_key"]),
        case("RSA with another prefix", "bad_key", laptop, encryption_key=_with(laptop["encryption_key"], 5, 0x0E)),
        case("RSA of fewer bits", "bad_key", laptop, encryption_key=_with(laptop["encryption_key"], 33, 0x7F)),
        case("RSA with an even modulus", "bad_key", laptop, signing_key=_with(laptop["signing_key"], -6, 0)),
        case("RSA with another exponent", "bad_key", laptop, signing_key=_with(laptop["signing_key"], -1, 3)),
        {"name": "one RSA key for both", "code": "bad_key", "user_id": an_id("alice"), "bundle": _settled(same)},
        case("a key one byte short", "bad_length", alice, signing_key=encode(decode(alice["signing_key"])[:-1])),
        case("base64url with padding", "bad_encoding", alice, signature=alice["signature"] + "=="),
        case("a private key beside it", "malformed", alice, private_key="AA"),
    ]


def _settled(bundle: Json) -> Json:
    """Its signature is not looked at, and would be another one each time."""
    return {**bundle, "signature": encode(bytes(384))}


def rotations() -> list[Json]:
    """A case is `{user_id, rotation}`."""
    good, olds, news = deepcopy(vectors("rotations")["python"]), public("alice-phone"), public("alice-phone-rotated")

    def case(name: str, code: str, user: str = "alice", **fields: Any) -> Json:
        return {"name": name, "code": code, "user_id": an_id(user), "rotation": {**good, **fields}}

    return [
        case("of another device", "rotation_invalid", device=an_id("alice-laptop")),
        case("turned round", "rotation_invalid", old=news.bundle, new=olds.bundle),
        case("to the bundle of another device", "rotation_invalid", new=public("alice-laptop").bundle),
        case("to the bundle of somebody else", "bundle_invalid", new=public("bob-phone").bundle),
        case("of somebody else", "bundle_invalid", "bob"),
        case("signature changed", "rotation_invalid", signature=_with(good["signature"], 0, 0)),
        case("signature of another length", "bad_length", signature=encode(bytes(384))),
        case("one field more", "malformed", reset=True),
    ]


def files() -> list[Json]:
    """A case is `{of, slices, flip, …}`: which file of Python's, by size; which parts of it, one after the other; which
    byte of that is changed, if any; and what the message says otherwise than it should."""
    whole, first, second, last = [0, 131_148], [0, CHUNK], [CHUNK, 2 * CHUNK], [2 * CHUNK, 131_148]
    good = next(each for each in vectors("files")["python"] if each["size"] == 131_100)

    def case(name: str, code: str, *slices: list[int], **fields: Any) -> Json:
        return {"name": name, "code": code, "of": 131_100, "slices": slices or [whole], "flip": None, **fields}

    return [
        case("ends within a chunk", "file_truncated", [0, 131_147]),
        case("ends after a chunk", "file_truncated", first, second),
        case("nothing", "file_truncated", [0, 0]),
        case("ends after a chunk, and the size says so", "file_invalid", first, second, size=2 * 65_536),
        case("chunks reordered", "file_invalid", second, first, last),
        case("the first chunk is missing", "file_invalid", second, last),
        case("a chunk twice", "file_invalid", first, first, last),
        case("more behind it", "file_invalid", whole, [0, 1]),
        case("another chunk behind it", "file_invalid", whole, last),
        case("first byte changed", "file_invalid", flip=0),
        case("last byte changed", "file_invalid", flip=131_147),
        case("another key", "file_invalid", key=_with(good["key"], 0, decode(good["key"])[0] ^ 1)),
        case("another nonce", "file_invalid", nonce=_with(good["nonce"], 0, decode(good["nonce"])[0] ^ 1)),
        case("another digest", "file_digest", digest=_with(good["digest"], 0, decode(good["digest"])[0] ^ 1)),
        case("a smaller size", "file_invalid", size=131_099),
        case("a larger size", "file_truncated", size=131_101),
        case("a key of another length", "bad_length", key="AA"),
    ]


def backups() -> list[Json]:
    """A case is `{user_id, passphrase, blob}`."""
    pbkdf2, argon2id = deepcopy(vectors("backups")["backups"][:2])
    blob, argon = pbkdf2["blob"], argon2id["blob"]

    def case(
        name: str, code: str, blob: Json, user: str = "alice", passphrase: str | None = None, **fields: Any
    ) -> Json:
        words = passphrase or pbkdf2["passphrase"]
        return {"name": name, "code": code, "user_id": an_id(user), "passphrase": words, "blob": {**blob, **fields}}

    return [
        case("rounds below what is allowed", "kdf_refused", blob, rounds=599_999),
        case("rounds lowered within what is allowed", "backup_invalid", blob, rounds=600_000),
        case("rounds without end", "kdf_refused", blob, rounds=10_000_001),
        case("memory lowered", "kdf_refused", argon, memory_kib=1024),
        case("passes lowered", "kdf_refused", argon, passes=1),
        case("another kdf", "kdf_refused", blob, kdf="md5"),
        case("kdf exchanged", "malformed", blob, kdf="argon2id"),
        case("of somebody else", "backup_invalid", blob, "bob"),
        case("another passphrase", "backup_invalid", blob, passphrase="correct horse battery"),
        case("salt changed", "backup_invalid", blob, salt=_with(blob["salt"], 0, decode(blob["salt"])[0] ^ 1)),
        case("truncated", "backup_invalid", blob, ciphertext=encode(decode(blob["ciphertext"])[:-1])),
        case("nothing in it", "bad_length", blob, ciphertext="AAAA"),
        case("salt one byte short", "bad_length", blob, salt=encode(decode(blob["salt"])[:-1])),
        case("base64url with padding", "bad_encoding", blob, nonce=blob["nonce"] + "="),
        case("version 2", "unknown_version", blob, v=2),
        case("one field more", "malformed", blob, lanes=4),
    ]
