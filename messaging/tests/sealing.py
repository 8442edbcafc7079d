"""Users whose devices seal and open messages, with our own Python client."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from chatcrypt import (
    CURVE,
    Head,
    OwnDevice,
    Place,
    PublicDevice,
    Seen,
    make_device,
    open_message,
    read_device,
    seal_message,
)
from chatcrypt.suite import Suite

from messaging.tests.client import Person


class Sealer:
    """A device of a user in the server's directory, with new or given keys. `own` are its keys, the current ones
    first."""

    def __init__(self, person: Person, suite: Suite = CURVE, own: OwnDevice | None = None) -> None:
        self.person = person
        self.seen = Seen()
        device = own or make_device(person.id, suite)
        self.id: str = device.id or person.post("encryption/devices/", device.public.bundle)["id"]
        self.own = [_with_id(device, self.id)]

    def renew(self, device: OwnDevice) -> None:
        """Rotate the keys. The earlier ones still open what was sealed for them."""
        self.own.insert(0, _with_id(device, self.id))

    def roster(self, conversation: str, at: int | None = None) -> tuple[int, list[PublicDevice]]:
        """The `roster_seq` and the devices to seal for, as the server says. Each bundle is verified."""
        seq, devices, _ = self._roster(conversation, at)
        return seq, devices

    def _roster(self, conversation: str, at: int | None = None) -> tuple[int, list[PublicDevice], list[Head]]:
        found = self.person.get(f"encryption/roster/{conversation}/{'' if at is None else f'?at={at}'}")
        devices = [
            read_device(device["id"], member["user_id"], device["bundle"])
            for member in found["members"]
            for device in member["devices"]
        ]
        heads = [Head(user=member["user_id"], **member["log"]) for member in found["members"]]
        return found["roster_seq"], devices, heads

    def seal(self, conversation: str, content: str, *, replaces: str | None = None, **more: Any) -> dict[str, Any]:
        """A body for `messages/`, sealed for the current roster with the heads of its key logs; or for `roster` without
        heads, as clients of version 1 do."""
        seq, devices, *heads = more.pop("roster", None) or self._roster(conversation)
        place = Place(conversation, more.pop("client_id", None) or uuid4().hex, replaces)
        body = {"content": content, **more}
        options = {"sender": self.own[0], "recipients": devices, "roster_seq": seq}
        envelope = seal_message(body, place, heads=heads[0] if heads else (), **options)
        return {"client_id": place.client_id, "envelope": envelope}

    def write(self, conversation: str, content: str, **more: Any) -> dict[str, Any]:
        """Seal and send a message. Returns the stored one."""
        return self.person.post(f"conversations/{conversation}/messages/", self.seal(conversation, content, **more))

    def read(self, message: dict[str, Any]) -> str:
        """Open a message. Raises CryptoError."""
        envelope, conversation = message["envelope"], message["conversation_id"]
        _, devices = self.roster(conversation, envelope["roster_seq"])
        sender = next(device for device in devices if device.id == envelope["sender_device"])
        assert sender.user_id == message["sender"]["id"]
        edit = message.get("edit_id")
        place = Place(conversation, edit or message["client_id"], message["id"] if edit else None)
        return open_message(envelope, place, sender=sender, devices=self.own, seen=self.seen)["content"]


def _with_id(device: OwnDevice, id_: str) -> OwnDevice:
    return replace(device, public=replace(device.public, id=id_))
