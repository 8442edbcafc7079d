"""A message sealed for the largest number of RSA devices is larger than a frame, and is delivered."""

import json
import subprocess
from pathlib import Path

import pytest
from chatcrypt import RSA, OwnDevice
from chatcrypt.devices import sign_bundle
from chatcrypt.tests.cast import NODE, needs_node

from messaging.tests.client import Person
from messaging.tests.sealing import Sealer

BROWSER = Path(__file__).with_name("many_devices.mjs")
DEVICES = 10
"""Of one person, at most."""
FRAME = 64 * 1024
WORDS = "To all of you. " * 500
REGISTER = """
import json
from django.db import transaction
from accounts.models import User
from accounts.services import open_session
from encryption.services import register_key_device
from encryption.wire import NewKeyDevice
with transaction.atomic():
    for user_id, bundle in json.loads({bundles!r}).items():
        user = User.objects.get(id=user_id)
        for _ in range({count}):
            print(register_key_device(open_session(user), NewKeyDevice(**bundle))[0].id)
"""


def with_devices(people: list[Person]) -> OwnDevice:
    """As many devices for each as they may have: all with the same keys, which take long to make. Returns the first."""
    keys = RSA.make_keys()
    made = {one.id: sign_bundle(one.id, RSA, *keys) for one in people}
    bundles = json.dumps({user_id: device.public.bundle for user_id, device in made.items()})
    done = people[0].server.run("shell", "-c", REGISTER.format(bundles=bundles, count=DEVICES))
    assert done.returncode == 0, done.stderr
    first, *_ = done.stdout.split()[-DEVICES * len(people) :]
    return sign_bundle(people[0].id, RSA, *keys, device=first)


@pytest.mark.plain
@needs_node
async def test_a_message_for_a_hundred_rsa_devices_is_delivered(signed_up) -> None:
    alice, *others = [signed_up(name) for name in ("alice", "bob", *("carol",) * 9)]
    his, bob = with_devices(others), others[0]
    group = alice.group(*others, encryption="e2ee")
    asked = {"base": alice.server.url, "token": alice.token, "me": {"id": alice.id}, "conversation_id": group}

    async with bob.socket() as socket:
        said = json.dumps({**asked, "client_id": "one", "words": WORDS})
        subprocess.run([NODE, str(BROWSER), said], check=True, timeout=60)
        received = (await socket.expect("message.created"))["data"]["message"]

    assert len(received["envelope"]["recipients"]) == DEVICES * len(others) + 1
    assert len(json.dumps(received["envelope"])) > FRAME
    assert Sealer(bob, own=his).read(received) == WORDS
