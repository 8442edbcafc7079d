"""Rosters: for which devices the messages of an end-to-end conversation are sealed, now and at each place of its log.

Whoever writes here holds the conversation's lock, and after it the lock of the person.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F, Max

from accounts.models import User
from chatproject.common.errors import Refusal, invalid
from conversations.log import append_devices
from conversations.models import Conversation, Membership
from encryption.models import KeyChange, KeyDevice, RosterEntry
from encryption.wire import Envelope, RosterRow, StaleRoster


def private(user_id: UUID) -> set[UUID]:
    """The end-to-end conversations of which somebody is a member."""
    mine = Membership.objects.live().filter(user=user_id, conversation__encryption=Conversation.Encryption.E2EE)
    return set(mine.values_list("conversation_id", flat=True))


def begin(conversation: Conversation, people: Collection[User]) -> None:
    """These people are in the roster from the present place on, with the devices they have now."""
    User.objects.lock_all([user.id for user in people])
    lines = KeyChange.objects.filter(user__in=people).values_list("user").annotate(Max("number"))
    numbers = dict(lines.order_by())
    RosterEntry.objects.bulk_create(
        RosterEntry(conversation=conversation, user=user, seq=conversation.seq, key_number=numbers.get(user.id, 0))
        for user in people
    )


def go_on(memberships: list[Membership], line: KeyChange, moment: datetime) -> None:
    """A line of a person's key log takes a place in each of these conversations of theirs."""
    data = {"key_change": {"number": line.number, "kind": line.kind, "device_id": str(line.device_id)}}
    append_devices(memberships, moment, data)
    RosterEntry.objects.bulk_create(
        RosterEntry(conversation=one.conversation, user=line.user, seq=one.conversation.seq, key_number=line.number)
        for one in memberships
    )


def devices_in(conversation_ids: Collection[UUID]) -> dict[UUID, dict[UUID, UUID]]:
    """The devices that read these conversations now: by conversation, each with its person."""
    found: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    live = KeyDevice.objects.filter(
        removed_at__isnull=True,
        user__memberships__conversation__in=conversation_ids,
        user__memberships__left_at__isnull=True,
    )
    rows = live.annotate(place=F("user__memberships__conversation")).values_list("place", "id", "user")
    for place, device, person in rows if conversation_ids else ():
        found[place][device] = person
    return found


def refusal_of(envelope: Envelope, sender_id: UUID, roster_seq: int, devices: Mapping[UUID, UUID]) -> Refusal | None:
    """Why an envelope of this sender does not go in where the roster is this, if it does not: `stale_devices`, or
    `invalid` from a device of somebody else."""
    recipients = {recipient.device for recipient in envelope.recipients}
    if envelope.roster_seq != roster_seq or recipients != devices.keys() or envelope.sender_device not in devices:
        rows = [RosterRow(device, person) for device, person in sorted(devices.items())]
        return Refusal("stale_devices", roster=msgspec.to_builtins(StaleRoster(roster_seq, rows)))
    if devices[envelope.sender_device] != sender_id:
        return invalid("envelope.sender_device", "This is no device of yours.")
    return None


def lines_at(conversation_id: UUID, place: int) -> dict[UUID, list[KeyChange]]:
    """The key logs, as they were at this place, of everybody who was a member then or before."""
    entries = RosterEntry.objects.filter(conversation=conversation_id, seq__lte=place).order_by("seq")
    numbers = dict(entries.values_list("user", "key_number"))
    lines: dict[UUID, list[KeyChange]] = {user_id: [] for user_id in numbers}
    for line in KeyChange.objects.filter(user__in=numbers).order_by("number"):
        if line.number <= numbers[line.user_id]:
            lines[line.user_id].append(line)
    return lines


def standing(lines: Iterable[KeyChange]) -> list[KeyChange]:
    """The devices that a key log leaves, oldest first: the last line about each that is not removed."""
    last = {line.device_id: line for line in lines}
    return [line for line in last.values() if line.kind != KeyChange.Kind.REMOVED]
