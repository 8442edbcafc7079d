"""Rosters: which devices the messages of an end-to-end encrypted conversation are encrypted for, now and at each `seq`.

Code that writes here holds the conversation's lock and, taken after it, the person's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F, Max

from accounts.models import User
from common.errors import Refusal, invalid
from conversations.log import append_device_changes
from conversations.models import Conversation, Membership
from encryption.models import KeyChange, KeyDevice, RosterEntry
from encryption.wire import Envelope, RosterRow, StaleRoster


def e2ee_conversation_ids(user_id: UUID) -> set[UUID]:
    """The end-to-end encrypted conversations that somebody is a member of."""
    mine = Membership.objects.live().filter(user=user_id, conversation__encryption=Conversation.Encryption.E2EE)
    return set(mine.values_list("conversation_id", flat=True))


def add_to_roster(conversation: Conversation, people: Collection[User]) -> None:
    """Add these people to the roster from the current `seq` on, with the devices they have now."""
    User.objects.lock_all([user.id for user in people])
    lines = KeyChange.objects.filter(user__in=people).values_list("user").annotate(Max("number"))
    numbers = dict(lines.order_by())
    RosterEntry.objects.bulk_create(
        RosterEntry(conversation=conversation, user=user, seq=conversation.seq, key_number=numbers.get(user.id, 0))
        for user in people
    )


def record_key_change(memberships: list[Membership], line: KeyChange, moment: datetime) -> None:
    """Append a line of a person's key log to the log and roster of each of these conversations."""
    data = {"key_change": {"number": line.number, "kind": line.kind, "device_id": str(line.device_id)}}
    append_device_changes(memberships, moment, data)
    RosterEntry.objects.bulk_create(
        RosterEntry(
            conversation=membership.conversation,
            user=line.user,
            seq=membership.conversation.seq,
            key_number=line.number,
        )
        for membership in memberships
    )


def devices_in(conversation_ids: Collection[UUID]) -> dict[UUID, dict[UUID, UUID]]:
    """The devices that these conversations are encrypted for now: by conversation, each with its user."""
    found: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    if not conversation_ids:
        return found
    live = KeyDevice.objects.filter(
        removed_at__isnull=True,
        user__memberships__conversation__in=conversation_ids,
        user__memberships__left_at__isnull=True,
    )
    rows = live.annotate(conversation=F("user__memberships__conversation")).values_list("conversation", "id", "user")
    for conversation_id, device_id, user_id in rows:
        found[conversation_id][device_id] = user_id
    return found


def envelope_refusal(
    envelope: Envelope, sender_id: UUID, roster_seq: int, devices: Mapping[UUID, UUID]
) -> Refusal | None:
    """Why this sender's envelope is refused for the current roster, or None: `stale_devices`, or `invalid` if the
    device belongs to somebody else."""
    recipients = {recipient.device for recipient in envelope.recipients}
    if envelope.roster_seq != roster_seq or recipients != devices.keys() or envelope.sender_device not in devices:
        rows = [RosterRow(device, person) for device, person in sorted(devices.items())]
        return Refusal("stale_devices", roster=msgspec.to_builtins(StaleRoster(roster_seq, rows)))
    if devices[envelope.sender_device] != sender_id:
        return invalid("envelope.sender_device", "This is not one of your devices.")
    return None


def lines_at(conversation_id: UUID, seq: int) -> dict[UUID, list[KeyChange]]:
    """The key logs, as they were at this `seq`, of everybody who was a member then or before."""
    entries = RosterEntry.objects.filter(conversation=conversation_id, seq__lte=seq).order_by("seq")
    numbers = dict(entries.values_list("user", "key_number"))
    lines: dict[UUID, list[KeyChange]] = {user_id: [] for user_id in numbers}
    for line in KeyChange.objects.filter(user__in=numbers).order_by("number"):
        if line.number <= numbers[line.user_id]:
            lines[line.user_id].append(line)
    return lines


def live_lines(lines: Iterable[KeyChange]) -> list[KeyChange]:
    """The lines of the devices that have not been removed: the last line about each, oldest first."""
    last = {line.device_id: line for line in lines}
    return [line for line in last.values() if line.kind != KeyChange.Kind.REMOVED]
