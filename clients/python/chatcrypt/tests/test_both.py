"""Both implementations at once: what one seals now, the other opens now."""

import pytest

from chatcrypt import Pbkdf2, Place, open_backup, open_message, seal_message, wrap_backup
from chatcrypt.canonical import decode, encode
from chatcrypt.tests.cast import javascript, needs_node, own, public
from chatcrypt.tests.files import opened, sealed

pytestmark = [pytest.mark.plain, needs_node]
PLACE = {"conversation_id": "4c6b3e2a-6d0e-4f5e-9a59-3f1d2b7c8e90", "client_id": "1"}
EVERYBODY = ["alice-laptop", "alice-phone", "bob-laptop", "bob-phone"]
PASSPHRASE = "Straße und Ärger"
BODY = {"content": "Hé 🙂 \u2028", "mentions": [public("bob-phone").user_id], "attachments": []}


@pytest.mark.parametrize("sender", ["alice-laptop", "bob-phone"])
def test_messages_by_javascript_open_here(sender) -> None:
    asked = {"sender": sender, "recipients": EVERYBODY, "place": PLACE, "roster_seq": 3, "body": BODY}
    envelope = javascript("seal_message", **asked)
    for reader in EVERYBODY:
        assert open_message(envelope, Place(**PLACE), sender=public(sender), devices=[own(reader)]) == BODY


@pytest.mark.parametrize("sender", ["alice-laptop", "bob-phone"])
def test_messages_made_here_open_in_javascript(sender) -> None:
    recipients = [public(name) for name in EVERYBODY]
    envelope = seal_message(BODY, Place(**PLACE), sender=own(sender), recipients=recipients, roster_seq=3)
    for reader in EVERYBODY:
        asked = {"sender": sender, "reader": reader, "place": PLACE, "envelope": envelope}
        assert javascript("open_message", **asked) == BODY
    moved = {**PLACE, "client_id": "2"}
    answer = javascript("open_message", sender=sender, reader="alice-phone", place=moved, envelope=envelope)
    assert answer == {"code": "signature_invalid"}


@pytest.mark.parametrize("size", [0, 65_535, 65_536, 65_537, 300_000])
def test_files_go_both_ways(size) -> None:
    plain = bytes(number % 256 for number in range(size))
    stored, secrets = sealed(plain)
    assert decode(javascript("open_file", sealed=encode(stored), **secrets)) == plain
    theirs = javascript("seal_file", plain=encode(plain))
    assert opened(decode(theirs["sealed"]), theirs) == plain


def test_backups_go_both_ways_whatever_the_keyboard_makes_of_the_passphrase() -> None:
    user_id, names, notes = public("alice-phone").user_id, ["alice-phone", "alice-laptop"], {"a": [1]}
    decomposed = "Stra\u00dfe und A\u0308rger"
    assert decomposed != PASSPHRASE
    theirs = javascript("wrap_backup", user_id=user_id, devices=names, passphrase=decomposed, notes=notes)
    backup = open_backup(theirs, user_id, PASSPHRASE)
    assert ([device.public for device in backup.devices], backup.notes) == ([public(name) for name in names], notes)
    ours = wrap_backup(user_id, [own(name) for name in names], decomposed, notes=notes, kdf=Pbkdf2())
    answer = javascript("open_backup", blob=ours, user_id=user_id, passphrase=PASSPHRASE)
    assert answer["notes"] == notes
    assert [device["bundle"] for device in answer["devices"]] == [public(name).bundle for name in names]
