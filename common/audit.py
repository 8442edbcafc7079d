"""The audit log: everything that staff do, in a chain of hashes.

Somebody with access to the database could rebuild the whole chain. That shows when it is compared with a number and a
hash kept elsewhere: every entry is also a line in the log file, and `verify_audit` prints where the chain ends.
"""

import hashlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from common.clock import now, rfc3339
from common.models import AuditEntry, Installation
from common.text import clean_text

logger = structlog.get_logger(__name__)

COMMAND = "command"
origin: ContextVar[str] = ContextVar("origin", default=COMMAND)
"""Where the current action comes from: the address of a client, or a command on the server."""


def record(
    action: str,
    *,
    actor_id: UUID | None,
    subject: str = "",
    subject_id: UUID | None = None,
    reason: str = "",
    **facts: Any,
) -> AuditEntry:
    """Append an entry, in the caller's transaction. Call it last: all other entries wait until that transaction
    ends."""
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
        entry.hash = entry_hash(entry, installation.audit_hash)
        entry.save(force_insert=True)
        installation.audit_number, installation.audit_hash = entry.number, entry.hash
        installation.save(update_fields=["audit_number", "audit_hash"])
        transaction.on_commit(lambda: logger.info("audit", number=entry.number, action=action, hash=entry.hash))
    return entry


def entry_hash(entry: AuditEntry, before: str) -> str:
    """The hash of an entry whose predecessor has the hash `before`."""
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
    """Check the chain: yields each entry's number and what is wrong with it, if anything, and then whether the chain
    ends where it should. `noted` is a number and its hash that were kept elsewhere."""
    expected, before = 1, ""
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=1000):
        wrong = ""
        if entry.number != expected:
            wrong = f"{entry.number - expected} missing before it"
        elif entry.hash != entry_hash(entry, before):
            wrong = "changed or moved"
        if noted and noted[0] == entry.number and noted[1] != entry.hash:
            wrong = wrong or "differs from the noted hash"
        yield entry.number, wrong
        expected, before = entry.number + 1, entry.hash
    installation = Installation.objects.first() or Installation()
    if (installation.audit_number, installation.audit_hash) != (expected - 1, before):
        yield installation.audit_number, f"the log ends at {expected - 1}"
    if noted and noted[0] >= expected:
        yield noted[0], "noted, but missing"
