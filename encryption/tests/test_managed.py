"""Managed keys: made by the server, and stored encrypted with a passphrase that is not stored."""

import base64
import json

import pytest
from django.db import connection

from accounts import services as accounts
from chatproject.tests import canaries
from encryption import managed
from encryption.models import ManagedKey

pytestmark = [pytest.mark.plain, pytest.mark.django_db]
URL = "/api/v1/encryption/managed/"
PASSPHRASE = canaries.note("passphrase", "a horse that nobody has seen")
TEXT = canaries.note("plaintext", "Meet me at the old mill")


@pytest.fixture(autouse=True)
def generous(settings) -> None:
    settings.RATE_MANAGED_KEYS = settings.RATE_MANAGED_DECRYPT = "1000/s"


def key_of(client) -> dict:
    answer = client.post(f"{URL}keys/", {"passphrase": PASSPHRASE})
    assert answer.status_code == 201, answer.content
    return answer.json()


def seal(client, user, text: str = TEXT) -> dict:
    answer = client.post(f"{URL}encrypt/", {"recipient_id": str(user.id), "plaintext": text})
    assert answer.status_code == 200, answer.content
    return answer.json()


def opened(client, envelope: dict, passphrase: str = PASSPHRASE):
    return client.post(f"{URL}decrypt/", {"envelope": envelope, "passphrase": passphrase})


@pytest.mark.parametrize("text", ["", "x", TEXT, "\N{SPARKLING HEART}" * 10_000, "a" * 300_000], ids=len)
def test_what_is_encrypted_for_bob_bob_reads(sign_in, alice, bob, text) -> None:
    his = sign_in(bob)
    key_of(his)

    envelope = seal(sign_in(alice), bob, text)

    assert opened(his, envelope).json() == {"plaintext": text}
    assert text[:100] not in json.dumps(envelope) or len(text) < 2


def test_neither_passphrase_nor_private_key_nor_text_is_kept(sign_in, alice, bob) -> None:
    his = sign_in(bob)
    shown = key_of(his)
    opened(his, seal(sign_in(alice), bob))

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM encryption_managedkey")
        row = b"".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in cursor.fetchone())
    for secret in (PASSPHRASE.encode(), TEXT.encode(), b"PRIVATE"):
        assert secret not in row
    assert "PUBLIC KEY" in shown["public_key"]
    assert "PRIVATE" not in json.dumps(shown)


def altered(envelope: dict, field: str) -> dict:
    raw = bytearray(base64.b64decode(envelope[field]))
    raw[-1] ^= 1
    return envelope | {field: base64.b64encode(raw).decode()}


def test_whatever_is_wrong_the_answer_is_the_same(sign_in, alice, bob, carol) -> None:
    his, hers = sign_in(bob), sign_in(carol)
    key_of(his)
    other = key_of(hers)
    envelope = seal(sign_in(alice), bob)

    answers = [
        opened(his, envelope, "another passphrase"),
        opened(hers, envelope),
        opened(hers, envelope | {"key_id": other["key_id"]}),
        *(opened(his, altered(envelope, field)) for field in ("wrapped_key", "nonce", "ciphertext")),
        opened(sign_in(alice), envelope),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert len({json.dumps({**answer.json(), "request_id": ""}) for answer in answers}) == 1
    assert opened(his, envelope).json() == {"plaintext": TEXT}


def test_and_so_is_the_work_that_is_done(sign_in, alice, bob, carol, monkeypatch) -> None:
    his, hers = sign_in(bob), sign_in(carol)
    key_of(his), key_of(hers)
    envelope = seal(sign_in(alice), bob)
    done: list[str] = []
    for name in ("_derived", "_unwrapped", "AESGCM"):
        monkeypatch.setattr(managed, name, noted(done, name, getattr(managed, name)))
    cases = [
        lambda: opened(his, envelope),
        lambda: opened(his, envelope, "another passphrase"),
        lambda: opened(hers, envelope),
        lambda: opened(his, altered(envelope, "wrapped_key")),
        lambda: opened(sign_in(alice), envelope),
    ]

    work = []
    for case in cases:
        done.clear()
        case()
        work.append(tuple(done))

    assert set(work) == {("_derived", "AESGCM", "_unwrapped", "AESGCM")}


def noted(done: list[str], name: str, action):
    """The same action, which leaves its name when it is done."""

    def doing(*args, **more):
        done.append(name)
        return action(*args, **more)

    return doing


def test_a_new_key_leaves_the_old_ones_readable(sign_in, alice, bob) -> None:
    his, hers = sign_in(bob), sign_in(alice)
    first = key_of(his)
    old = seal(hers, bob, "old")
    second = his.post(f"{URL}keys/", {"passphrase": "another passphrase"}).json()
    new = seal(hers, bob, "new")

    assert (old["key_id"], new["key_id"]) == (first["key_id"], second["key_id"])
    assert hers.get(f"{URL}public-key/?user_id={bob.id}").json() == second == his.get(f"{URL}public-key/").json()
    assert opened(his, old).json() == {"plaintext": "old"}
    assert opened(his, new, "another passphrase").json() == {"plaintext": "new"}
    assert opened(his, new).status_code == 400


def test_where_there_is_no_key_or_no_such_person_nothing_is_found(sign_in, alice, bob, carol) -> None:
    hers = sign_in(alice)
    key_of(sign_in(carol))
    accounts.block(carol, alice.id)

    for path in ("", f"?user_id={bob.id}", f"?user_id={carol.id}", "?user_id=nobody"):
        assert hers.get(f"{URL}public-key/{path}").status_code == 404, path
    body = {"recipient_id": str(carol.id), "plaintext": "Hi"}
    assert hers.post(f"{URL}encrypt/", body).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"passphrase": "short"}, {"passphrase": 7}, {"passphrase": "x" * 1025}],
    ids=["none", "short", "number", "long"],
)
def test_a_passphrase_is_needed(sign_in, alice, body) -> None:
    answer = sign_in(alice).post(f"{URL}keys/", body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "passphrase")
    assert not ManagedKey.objects.exists()


def test_guessing_is_slow(sign_in, alice, bob, settings) -> None:
    settings.RATE_MANAGED_DECRYPT = "2/m"
    his = sign_in(bob)
    key_of(his)
    envelope = seal(sign_in(alice), bob)

    codes = [opened(his, envelope, f"guess number {n}").json()["code"] for n in range(3)]

    assert codes == ["invalid", "invalid", "rate_limited"]


def test_where_it_is_switched_off_there_is_nothing(sign_in, alice, settings) -> None:
    settings.MANAGED_KEYS = False
    client = sign_in(alice)

    assert client.get(f"{URL}public-key/").status_code == 404
    assert client.post(f"{URL}keys/", {"passphrase": PASSPHRASE}).status_code == 404


def test_who_is_erased_leaves_no_key(sign_in, alice) -> None:
    key_of(sign_in(alice))

    accounts.erase(alice)

    assert not ManagedKey.objects.exists()
