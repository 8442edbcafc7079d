"""Parts of it, to be read: what a person has here, and what was said in a conversation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet

from accounts.models import User
from chatproject.common import audit
from chatproject.personal_export.archive import write_archive
from chatproject.snapshot.folder import FolderSink
from chatproject.snapshot.manifest import BLOCK
from chatproject.snapshot.moment import moment
from chatproject.snapshot.tables import CHUNK, compact
from chatproject.snapshot.taking import CannotTake, Report
from conversations.models import Change, Conversation, Membership
from media.models import Attachment
from messaging.models import Message

MESSAGE: tuple[str, ...] = (
    "id",
    "seq",
    "sender_id",
    "content_type",
    "content",
    "envelope",
    "metadata",
    "reply_to_id",
    "thread_id",
)
MESSAGE += (
    "mentions",
    "mentions_all",
    "reactions",
    "attachments",
    "pinned_at",
    "created_at",
    "edited_at",
    "deleted_at",
)
CHANGE = ("seq", "kind", "actor_id", "subject_id", "message_id", "data", "created_at")
MEMBER = ("user_id", "role", "nickname", "joined_at", "left_at", "visible_from_seq", "last_read_seq")
FACTS: tuple[str, ...] = (
    "id",
    "kind",
    "name",
    "description",
    "encryption",
    "history",
    "created_at",
    "deleted_at",
    "seq",
    "message_count",
)


def of_person(user: User, folder: Path, report: Report) -> str:
    """The archive that this person could ask for, as a ZIP. Returns what it is."""
    name = f"{user.username}.zip"
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        part.chmod(0o600)
        write_archive(user, file, report)
    part.rename(folder / name)
    audit.record("data.export", actor_id=None, subject="user", subject_id=user.id)
    return f"{name}: the archive of {user.username}"


def of_conversation(conversation_id: UUID, folder: Path, report: Report) -> str:
    """A conversation: its facts, members, messages and changes as of one moment, and its files under their ids. Returns
    how much it is. Raises `CannotTake` when there is none."""
    sink = FolderSink(folder)
    with moment() as now:
        found = Conversation.objects.using(now).filter(id=conversation_id)
        facts = found.values(*FACTS).first()
        if facts is None:
            raise CannotTake(f"There is no conversation {conversation_id}.")
        total = max(1, facts["message_count"])
        sink.lines("conversation.json", [msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"])
        members = Membership.objects.using(now).filter(conversation=conversation_id).order_by("joined_at", "id")
        sink.lines("members.jsonl", _lines(members.values(*MEMBER, username=F("user__username"))))
        messages = Message.objects.using(now).filter(conversation=conversation_id).order_by("seq")
        sink.lines("messages.jsonl", _reported(_lines(messages.values(*MESSAGE)), total, report))
        changes = Change.objects.using(now).filter(conversation=conversation_id).order_by("seq")
        sink.lines("changes.jsonl", _lines(changes.values(*CHANGE)))
        attached = Attachment.objects.using(now).filter(conversation=conversation_id).order_by("seq", "position", "id")
        sink.lines("files.jsonl", _files(attached.select_related("upload__content"), sink))
    audit.record("data.export", actor_id=None, subject="conversation", subject_id=conversation_id)
    return f"{facts['message_count']} messages"


def _lines(rows: QuerySet[Any, Any]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for row in rows.iterator(CHUNK):
        yield encode(row) + b"\n"


def _reported(lines: Iterator[bytes], total: int, report: Report) -> Iterator[bytes]:
    for number, line in enumerate(lines, 1):
        report(min(99, 100 * number // total))
        yield line


def _files(attached: QuerySet[Attachment], sink: FolderSink) -> Iterator[bytes]:
    """Write each file under the id of its upload, and a line that says what it was called. One that was deleted
    meanwhile is left out."""
    for one in attached.iterator(CHUNK):
        upload = one.upload
        try:
            with default_storage.open(upload.content.name) as file:
                sink.file(f"files/{upload.id}", upload.size, iter(lambda: file.read(BLOCK), b""))
        except FileNotFoundError:
            continue
        yield compact({"upload_id": str(upload.id), "message_id": str(one.message_id), "filename": upload.filename})
