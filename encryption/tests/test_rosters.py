"""Random histories of people and devices coming and going in an end-to-end conversation: what goes in is sealed for
those who are there, and nobody else opens it."""

import random
from dataclasses import replace
from uuid import UUID, uuid4

import msgspec
import pytest
from chatcrypt import (
    CURVE,
    CryptoError,
    OwnDevice,
    Place,
    PublicDevice,
    make_device,
    open_message,
    seal_message,
    sign_rotation,
)

from accounts import services as accounts
from accounts.models import Session, User
from chatproject.tests.proving import PROVE, chance
from common.clock import now
from common.errors import Refusal
from conversations import services as conversations
from conversations.models import Conversation, Membership
from encryption import services as encryption
from encryption.models import RosterEntry
from encryption.services import rosters
from encryption.wire import Bundle, Envelope, NewKeyDevice, Rotation
from messaging import services
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer

HISTORIES = 4 * PROVE
ACTIONS, PEOPLE = 9, 4

pytestmark = [pytest.mark.search, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def generous(settings):
    for name in ("RATE_KEY_DEVICES", "RATE_MESSAGES", "RATE_CHANGES"):
        setattr(settings, name, "100000/s")
    yield
    writer.stop()


class Here:
    """A device of somebody, as its person holds it: all its keys, the newest first."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.session: Session = accounts.open_session(user)
        made = make_device(str(user.id), CURVE)
        device, _ = encryption.register_key_device(self.session, NewKeyDevice(**made.public.bundle))
        self.id = device.id
        self.keys = [self._named(made)]

    def rotate(self) -> None:
        new = make_device(str(self.user.id), CURVE)
        proof = sign_rotation(self.keys[0], new)["signature"]
        encryption.rotate_keys(self.user, Rotation(self.id, Bundle(**new.public.bundle), proof))
        self.keys.insert(0, self._named(new))

    def _named(self, made: OwnDevice) -> OwnDevice:
        return replace(made, public=replace(made.public, id=str(self.id)))


class History:
    """One conversation. `inside` and `devices` are what the test itself keeps: who is there, with which devices."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.people = people()
        self.owner, *others = self.people
        self.devices: dict[UUID, list[Here]] = {user.id: [] for user in self.people}
        self.gone: list[Here] = []
        for user in self.people:
            for _ in range(chance.randint(0, 2) or (user == self.owner)):
                self.new_device(user)
        first = chance.sample(others, chance.randint(0, 2))
        self.place: Conversation = conversations.create_group(
            self.owner,
            name="Friends",
            description="",
            member_ids=[user.id for user in first],
            history="all",
            members_can_invite=False,
            encryption="e2ee",
        )
        self.inside = [self.owner, *first]
        self.remembered = self.roster()
        self.sent = self.refused = 0

    def live(self) -> list[Here]:
        return [device for user in self.inside for device in self.devices[user.id]]

    def roster(self) -> tuple[int, list[PublicDevice]]:
        seq = Conversation.objects.get(id=self.place.id).roster_seq
        return seq, [device.keys[0].public for device in self.live()]

    def step(self) -> None:
        actions = [self.write] * 4 + [self.write_late] * 2 + [self.remember, self.add, self.add, self.remove]
        actions += [self.add_device, self.drop_device, self.sign_out, self.rotate, self.leave]
        self.chance.choice(actions)()

    def remember(self) -> None:
        """A client takes the roster, and writes later."""
        self.remembered = self.roster()

    def add(self) -> None:
        if outside := [user for user in self.people if user not in self.inside]:
            user = self.chance.choice(outside)
            conversations.add_members(self.member(self.owner), user_ids=[user.id])
            self.inside.append(user)

    def remove(self) -> None:
        if self.inside[1:]:
            user = self.chance.choice(self.inside[1:])
            conversations.remove_member(self.member(self.owner), user_id=user.id)
            self.inside.remove(user)

    def leave(self) -> None:
        if self.inside[1:]:
            user = self.chance.choice(self.inside[1:])
            conversations.leave(self.member(user))
            self.inside.remove(user)

    def add_device(self) -> None:
        self.new_device(self.chance.choice(self.people))

    def new_device(self, user: User) -> None:
        self.devices[user.id].append(Here(user))

    def drop_device(self) -> None:
        if device := self.pick():
            encryption.remove_key_device(device.user, device_id=device.id)
            self.forget(device)

    def sign_out(self) -> None:
        if device := self.pick():
            accounts.end_session(device.user, device.session.id)
            encryption.end_devices.func(str(device.user.id))
            self.forget(device)

    def rotate(self) -> None:
        if device := self.pick():
            device.rotate()

    def pick(self) -> Here | None:
        every = [device for some in self.devices.values() for device in some]
        return self.chance.choice(every) if every else None

    def forget(self, device: Here) -> None:
        self.devices[device.user.id].remove(device)
        self.gone.append(device)

    def member(self, user: User) -> Membership:
        return Membership.objects.of(user, self.place.id)

    def write(self) -> None:
        """Sealed for the roster of now, it goes in; each device that is there opens it, and no other."""
        seq, devices = self.roster()
        if not (writers := self.live()):
            return
        sender = self.chance.choice(writers)
        place, envelope = self.seal(sender, seq, devices)
        self.send(sender, place, envelope)
        self.sent += 1
        assert rosters.devices_in([self.place.id])[self.place.id].keys() == {device.id for device in writers}
        keys = {device.id: device.keys[0].public.bundle["signing_key"] for device in writers}
        assert self.keys_at(seq).items() >= keys.items()
        for device in writers:
            assert opened(envelope, place, sender, device) == "for those who are here"
        outside = [device for user in self.people if user not in self.inside for device in self.devices[user.id]]
        for device in [*self.gone, *outside]:
            assert opened(envelope, place, sender, device) == "not_a_recipient"
            assert opened(as_if_for(envelope, device), place, sender, device) == "signature_invalid"

    def write_late(self) -> None:
        """Sealed for the roster that a client took earlier: refused, unless nothing has changed since."""
        seq, devices = self.remembered
        writers = self.live()
        if not (writers and devices):
            return
        sender = self.chance.choice(writers)
        place, envelope = self.seal(sender, seq, devices)
        now_seq, _ = self.roster()
        if seq == now_seq:
            self.send(sender, place, envelope)
            return
        with pytest.raises(Refusal) as caught:
            self.send(sender, place, envelope)
        assert caught.value.code == "stale_devices"
        self.refused += 1

    def seal(self, sender: Here, seq: int, devices: list[PublicDevice]) -> tuple[Place, dict]:
        place = Place(str(self.place.id), uuid4().hex)
        body = {"content": "for those who are here"}
        return place, seal_message(body, place, sender=sender.keys[0], recipients=devices, roster_seq=seq)

    def send(self, sender: Here, place: Place, envelope: dict) -> None:
        message = NewMessage(client_id=place.client_id, envelope=msgspec.convert(envelope, Envelope))
        services.send_message(sender.user, conversation_id=self.place.id, message=message)

    def keys_at(self, seq: int) -> dict[UUID, str]:
        """The signing keys that the server shows for a place of the log."""
        lines = rosters.lines_at(self.place.id, seq)
        return {
            line.device_id: line.bundle["signing_key"] for some in lines.values() for line in rosters.live_lines(some)
        }


def people() -> list[User]:
    made = []
    for number in range(PEOPLE):
        user = User(full_name=f"Person {number}", password="!", email_verified_at=now())
        user.rename(f"p{number}-{uuid4().hex[:10]}")
        user.email = f"{user.username}@example.org"
        made.append(user)
    return User.objects.bulk_create(made)


def opened(envelope: dict, place: Place, sender: Here, device: Here) -> str:
    """What a device reads, or why it does not."""
    try:
        return open_message(envelope, place, sender=sender.keys[0].public, devices=device.keys)["content"]
    except CryptoError as error:
        return error.code


def as_if_for(envelope: dict, device: Here) -> dict:
    """The envelope with a wrapped key given to a device that it was not sealed for."""
    first, *rest = envelope["recipients"]
    recipients = sorted([{**first, "device": str(device.id)}, *rest], key=lambda row: row["device"])
    return {**envelope, "recipients": recipients}


def test_messages_after_leaving_cannot_be_decrypted() -> None:
    dice = chance()
    sent = refused = 0
    for _ in range(HISTORIES):
        history = History(dice)
        for _ in range(ACTIONS):
            history.step()
        history.write()
        sent, refused = sent + history.sent, refused + history.refused
        conversations.delete_conversation(history.member(history.owner))

    assert sent > HISTORIES
    assert refused > HISTORIES / 10, "rosters must have changed behind a client's back"
    assert RosterEntry.objects.exists()
