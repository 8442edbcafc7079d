"""The audit log: every deed of the staff, in a chain of hashes.

Whoever has the database can make the whole chain anew; that shows against a number and a hash that were noted
elsewhere: every entry is also a line of the log file, and `verify_audit` prints where the chain ends.
"""

import hashlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from chatproject.common.clock import now, rfc3339
from chatproject.common.models import AuditEntry, Installation
from chatproject.common.text import clean_text

log = structlog.get_logger(__name__)

COMMAND = "command"
origin: ContextVar[str] = ContextVar("origin", default=COMMAND)
"""Where what is done at this moment comes from: the address of a client, or the machine's own shell."""


def record(
    action: str,
    *,
    actor_id: UUID | None,
    subject: str = "",
    subject_id: UUID | None = None,
    reason: str = "",
    **facts: Any,
) -> AuditEntry:
    """Append an entry, in the caller's transaction. Call it last: everybody else who appends waits until it ends."""
    with transaction.atomic():
        installation, _ = Installation.objects.select_for_update().get_or_create(id=1)
        entry = AuditEntry(
            number=installation.audit_number + 1,
            at=now(),
            actor_id=actor_id,
            action=action,
            subject=subject,
            subject_id=subject_id,
            reason=clean_text(reason),
            origin=origin.get(),
            facts=msgspec.to_builtins(facts),
        )
        entry.hash = hash_of(entry, installation.audit_hash)
        entry.save(force_insert=True)
        installation.audit_number, installation.audit_hash = entry.number, entry.hash
        installation.save(update_fields=["audit_number", "audit_hash"])
        transaction.on_commit(lambda: log.info("audit", number=entry.number, action=action, hash=entry.hash))
    return entry


def hash_of(entry: AuditEntry, before: str) -> str:
    """The hash of an entry after one with the hash `before`."""
    fields = (
        before,
        entry.number,
        rfc3339(entry.at),
        entry.actor_id,
        entry.action,
        entry.subject,
        entry.subject_id,
        entry.reason,
        entry.origin,
        entry.facts,
    )
    return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).hexdigest()


def verify(noted: tuple[int, str] | None = None) -> Iterator[tuple[int, str]]:
    """Walk the chain: for each entry its number and what is wrong with it, if anything, then whether the end is where
    it should be. `noted` is a number and its hash that somebody has kept elsewhere."""
    expected, before = 1, ""
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=1000):
        wrong = ""
        if entry.number != expected:
            wrong = f"{entry.number - expected} missing before it"
        elif entry.hash != hash_of(entry, before):
            wrong = "changed, or in another place than it was"
        if noted and noted[0] == entry.number and noted[1] != entry.hash:
            wrong = wrong or "not the one that was noted"
        yield entry.number, wrong
        expected, before = entry.number + 1, entry.hash
    installation = Installation.objects.first() or Installation()
    if (installation.audit_number, installation.audit_hash) != (expected - 1, before):
        yield installation.audit_number, f"the log ends at {expected - 1}"
    if noted and noted[0] >= expected:
        yield noted[0], "noted, and not there"
