"""Exports of one person's data, and of one conversation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet

from accounts.models import User
from common import audit
from conversations.models import Change, Conversation, Membership
from media.models import Attachment
from messaging.models import Message
from operations.personal_export.archive import write_archive
from operations.snapshot.consistent_read import consistent_read
from operations.snapshot.folder import FolderSink
from operations.snapshot.manifest import BLOCK_SIZE
from operations.snapshot.tables import CHUNK, compact
from operations.snapshot.write import ReportProgress, SnapshotError

MESSAGE_FIELDS: tuple[str, ...] = (
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
MESSAGE_FIELDS += (
    "mentions",
    "mentions_all",
    "reactions",
    "attachments",
    "pinned_at",
    "created_at",
    "edited_at",
    "deleted_at",
)
CHANGE_FIELDS = ("seq", "kind", "actor_id", "subject_id", "message_id", "data", "created_at")
MEMBER_FIELDS = ("user_id", "role", "nickname", "joined_at", "left_at", "visible_from_seq", "last_read_seq")
CONVERSATION_FIELDS: tuple[str, ...] = (
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


def export_person(user: User, folder: Path, report: ReportProgress) -> str:
    """Write the archive that this person could request, as a ZIP. Returns a description of it."""
    name = f"{user.username}.zip"
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        part.chmod(0o600)
        write_archive(user, file, report)
    part.rename(folder / name)
    audit.record("data.export", actor_id=None, subject="user", subject_id=user.id)
    return f"{name}: the archive of {user.username}"


def export_conversation(conversation_id: UUID, folder: Path, report: ReportProgress) -> str:
    """Write a conversation with its members, messages and changes as of one point in time, and its files by id.
    Returns a description of it. Raises `SnapshotError` if it does not exist."""
    sink = FolderSink(folder)
    with consistent_read() as now:
        found = Conversation.objects.using(now).filter(id=conversation_id)
        facts = found.values(*CONVERSATION_FIELDS).first()
        if facts is None:
            raise SnapshotError(f"There is no conversation {conversation_id}.")
        total = max(1, facts["message_count"])
        sink.lines("conversation.json", [msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"])
        members = Membership.objects.using(now).filter(conversation=conversation_id).order_by("joined_at", "id")
        sink.lines("members.jsonl", _lines(members.values(*MEMBER_FIELDS, username=F("user__username"))))
        messages = Message.objects.using(now).filter(conversation=conversation_id).order_by("seq")
        sink.lines("messages.jsonl", _with_progress(_lines(messages.values(*MESSAGE_FIELDS)), total, report))
        changes = Change.objects.using(now).filter(conversation=conversation_id).order_by("seq")
        sink.lines("changes.jsonl", _lines(changes.values(*CHANGE_FIELDS)))
        attached = Attachment.objects.using(now).filter(conversation=conversation_id).order_by("seq", "position", "id")
        sink.lines("files.jsonl", _files(attached.select_related("upload__content"), sink))
    audit.record("data.export", actor_id=None, subject="conversation", subject_id=conversation_id)
    return f"{facts['message_count']} messages"


def _lines(rows: QuerySet[Any, Any]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for row in rows.iterator(CHUNK):
        yield encode(row) + b"\n"


def _with_progress(lines: Iterator[bytes], total: int, report: ReportProgress) -> Iterator[bytes]:
    for number, line in enumerate(lines, 1):
        report(min(99, 100 * number // total))
        yield line


def _files(attached: QuerySet[Attachment], sink: FolderSink) -> Iterator[bytes]:
    """Write each file under the id of its upload, and yield a line with its original name. A file that was deleted
    meanwhile is skipped."""
    for attachment in attached.iterator(CHUNK):
        upload = attachment.upload
        try:
            with default_storage.open(upload.content.name) as file:
                sink.file(f"files/{upload.id}", upload.size, iter(lambda: file.read(BLOCK_SIZE), b""))
        except FileNotFoundError:
            continue
        yield compact(
            {"upload_id": str(upload.id), "message_id": str(attachment.message_id), "filename": upload.filename}
        )
