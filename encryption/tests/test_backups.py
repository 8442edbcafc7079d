"""Key backups: a blob that the server cannot decrypt, replaced only with the stored version."""

import secrets
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from accounts import services as accounts
from accounts.models import Session
from accounts.tests.at_once import at_once
from chatproject.tests import canaries
from common.clock import now
from common.errors import Refusal
from conftest import PASSWORD
from encryption import services, wire
from encryption.bundles import encode
from encryption.models import KeyBackup

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/encryption/backup/"
FIRST = {"If-None-Match": "*"}


@pytest.fixture(autouse=True)
def generous(settings) -> None:
    settings.RATE_KEY_BACKUP_READS = settings.RATE_KEY_BACKUP_WRITES = "1000/s"


def blob(size: int = 200) -> dict:
    """What a client has wrapped; it is random, as a ciphertext looks."""
    ciphertext = canaries.note("backup", encode(secrets.token_bytes(size)))
    salt, nonce = encode(secrets.token_bytes(16)), encode(secrets.token_bytes(12))
    return {"v": 1, "kdf": "pbkdf2-sha256", "rounds": 600_000, "salt": salt, "nonce": nonce, "ciphertext": ciphertext}


def with_argon2(**parameters: int) -> dict:
    found = {name: value for name, value in blob().items() if name != "rounds"}
    return {**found, "kdf": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 4, **parameters}


def seen(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def put(client, content: dict, headers: dict[str, str]):
    return client.put(URL, content, headers=headers)


def let_pass(client, minutes: int) -> None:
    """So long ago it was that this client signed in."""
    Session.objects.filter(id=client.session.id).update(created_at=now() - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "content",
    [blob(49), blob(256 * 1024), blob() | {"rounds": 10_000_000}, with_argon2()],
    ids=["least", "most", "rounds", "argon2id"],
)
def test_what_was_put_comes_back(sign_in, alice, content) -> None:
    client = sign_in(alice)

    made = put(client, content, FIRST)
    found = client.get(URL)

    assert (made.status_code, made.headers["ETag"], made.json()["version"]) == (201, '"1"', 1)
    assert (found.status_code, found.headers["ETag"]) == (200, '"1"')
    assert found.json() == {**made.json(), "blob": content}
    assert "no-store" in found.headers["Cache-Control"]


def test_it_is_answered_byte_by_byte_as_its_etag_says(sign_in, alice) -> None:
    client = sign_in(alice)
    put(client, blob(5000), FIRST)
    answer = client.get(URL, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers


def test_replacing_needs_the_stored_version(sign_in, alice) -> None:
    phone, laptop = sign_in(alice), sign_in(alice)
    put(phone, blob(), FIRST)
    newer = blob()

    answer = put(laptop, newer, seen(1))
    refused = [put(phone, blob(), headers) for headers in (seen(1), seen(3), FIRST)]

    assert (answer.status_code, answer.headers["ETag"], answer.json()["version"]) == (200, '"2"', 2)
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(412, "precondition_failed")] * 3
    assert phone.get(URL).json()["blob"] == newer
    assert put(phone, blob(), {"If-Match": 'W/"2"'}).status_code == 200, "a proxy has compressed the answer"


@pytest.mark.parametrize(
    "headers",
    [{}, {"If-Match": "*"}, {"If-Match": "1"}, {"If-None-Match": '"1"'}, {**FIRST, **seen(1)}, seen(10**12)],
    ids=["none", "any", "bare", "but not 1", "both", "huge"],
)
def test_without_if_match_nothing_is_stored_or_deleted(sign_in, alice, headers) -> None:
    client = sign_in(alice)
    put(client, blob(), FIRST)

    for answer in (put(client, blob(), headers), client.delete(URL, headers=headers)):
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert "If-Match" in answer.json()["detail"]
    assert client.get(URL).json()["version"] == 1


def test_putting_the_same_again_is_harmless(sign_in, alice) -> None:
    client, first, second = sign_in(alice), blob(), blob()

    answers = [put(client, first, FIRST), put(client, first, FIRST)]
    answers += [put(client, second, seen(1)), put(client, second, seen(1))]

    assert [(one.status_code, one.json()["version"]) for one in answers] == [(201, 1), (200, 1), (200, 2), (200, 2)]
    assert put(client, first, FIRST).status_code == 412, "what was there before is another one"


def test_a_version_never_comes_again(sign_in, alice) -> None:
    client, old = sign_in(alice), blob()
    put(client, old, FIRST)

    assert client.delete(URL, headers=seen(2)).status_code == 412
    assert client.delete(URL, headers=seen(1)).status_code == 204
    assert client.delete(URL, headers=seen(1)).status_code == 404
    assert client.get(URL).status_code == 404
    assert KeyBackup.objects.get().blob is None
    assert [put(client, old, seen(version)).status_code for version in (1, 2)] == [412, 412]

    again = put(client, blob(), FIRST)

    assert (again.status_code, again.json()["version"]) == (201, 3)
    assert put(client, old, seen(1)).status_code == 412


def test_without_a_backup_nothing_is_found(sign_in, alice, bob) -> None:
    put(sign_in(alice), blob(), FIRST)
    client = sign_in(bob)

    answers = [client.get(URL), client.post(URL, {"password": PASSWORD}), client.delete(URL, headers=seen(1))]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "not_found")] * 3
    assert put(client, blob(), seen(1)).status_code == 412
    assert put(client, blob(), FIRST).json()["version"] == 1


def test_reading_takes_a_fresh_sign_in_or_the_password(sign_in, alice) -> None:
    client = sign_in(alice)
    put(client, blob(), FIRST)
    let_pass(client, minutes=14)
    fresh = client.get(URL)
    let_pass(client, minutes=16)

    late, wrong, right = (
        client.get(URL),
        client.post(URL, {"password": "wrong"}),
        client.post(URL, {"password": PASSWORD}),
    )

    assert (fresh.status_code, late.status_code, late.json()["code"]) == (200, 403, "reauthentication_required")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "password")
    assert (right.status_code, right.json(), right.headers["ETag"]) == (200, fresh.json(), '"1"')
    assert client.post(URL, {}).json()["errors"][0]["field"] == "password"
    assert put(client, blob(), seen(1)).status_code == 200, "writing takes none"


def wrong() -> dict[str, dict]:
    """Blobs that are not as they must be, by what is wrong with them."""
    good = blob()
    return {
        "another version": good | {"v": 2},
        "an unknown kdf": good | {"kdf": "scrypt"},
        "no kdf": {name: value for name, value in good.items() if name != "kdf"},
        "too few rounds": good | {"rounds": 599_999},
        "too many rounds": good | {"rounds": 10_000_001},
        "rounds as text": good | {"rounds": "600000"},
        "less memory": with_argon2(memory_kib=1024),
        "fewer passes": with_argon2(passes=1),
        "fewer lanes": with_argon2(lanes=1),
        "rounds of the other kdf": with_argon2(rounds=600_000),
        "a short salt": good | {"salt": encode(bytes(15))},
        "a long salt": good | {"salt": encode(bytes(17))},
        "a short nonce": good | {"nonce": encode(bytes(11))},
        "a short ciphertext": good | {"ciphertext": encode(bytes(48))},
        "a long ciphertext": good | {"ciphertext": encode(bytes(256 * 1024 + 1))},
        "padding": good | {"salt": good["salt"] + "=="},
        "bits that stand for nothing": good | {"salt": "A" * 21 + "B"},
        "the other alphabet": good | {"nonce": "++++////++++////"},
        "a passphrase beside": good | {"passphrase": "a horse that nobody has seen"},
        "nothing": {},
    }


def test_anything_else_is_refused_and_nothing_of_it_is_kept_or_logged(sign_in, alice, caplog) -> None:
    client = sign_in(alice)

    for what, content in wrong().items():
        answer = put(client, content, FIRST)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), what
        for value in (content[name] for name in ("ciphertext", "passphrase") if name in content):
            assert value not in answer.content.decode(), what
            assert value not in caplog.text, what

    assert not KeyBackup.objects.exists()


def test_neither_blob_nor_password_is_logged(sign_in, alice, caplog) -> None:
    client, content = sign_in(alice), blob()

    put(client, content, FIRST)
    client.get(URL)
    client.post(URL, {"password": PASSWORD})
    client.post(URL, {"password": "a guess that is wrong"})
    put(client, content | {"rounds": 1}, seen(1))
    client.delete(URL, headers=seen(1))

    assert URL in caplog.text, "requests are logged"
    for secret in (content["ciphertext"], content["salt"], content["nonce"], PASSWORD, "a guess that is wrong"):
        assert secret not in caplog.text


def test_limits_bite(sign_in, alice, settings) -> None:
    settings.RATE_KEY_BACKUP_READS = settings.RATE_KEY_BACKUP_WRITES = "2/h"
    client = sign_in(alice)

    writes = [put(client, blob(), headers).status_code for headers in (FIRST, seen(1), seen(2))]
    reads = [client.get(URL), client.post(URL, {"password": PASSWORD}), client.get(URL)]

    assert writes == [201, 200, 429]
    assert client.delete(URL, headers=seen(2)).json()["code"] == "rate_limited"
    assert [answer.status_code for answer in reads] == [200, 200, 429]


def test_one_of_many_concurrent_backups_is_stored(alice) -> None:
    versions, barrier = [None, *range(1, 20)], threading.Barrier(8, timeout=30)
    salt, nonce, ciphertext = (blob()[name] for name in ("salt", "nonce", "ciphertext"))
    rounds = iter(range(600_000, 10_000_000))

    def replace() -> list[tuple[int | None, int]]:
        """Which versions this thread has replaced, and by what."""
        done = []
        for version in versions:
            mine = wire.Pbkdf2Backup(1, salt, nonce, ciphertext, next(rounds))
            barrier.wait()
            with suppress(Refusal):
                done.append((version, services.put_backup(alice, mine, version=version)[0].blob["rounds"]))
        return done

    done = dict(won := [pair for pairs in at_once(8, replace) for pair in pairs])

    assert Counter(version for version, _ in won) == dict.fromkeys(versions, 1)
    backup = KeyBackup.objects.get()
    assert (backup.version, backup.blob["rounds"]) == (20, done[19])


def test_pages_of_other_origins_may_send_the_headers(api, settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://chat.example.org"]
    asking = {"Origin": "https://chat.example.org", "Access-Control-Request-Method": "PUT"}

    answer = api.options(URL, headers=asking)

    assert {"if-match", "if-none-match"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))


def test_who_is_erased_leaves_none(sign_in, alice) -> None:
    put(sign_in(alice), blob(), FIRST)

    accounts.erase(alice)

    assert not KeyBackup.objects.exists()
