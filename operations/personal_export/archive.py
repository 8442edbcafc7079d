"""The content of the archive. Other people appear by id only: no names, addresses or messages."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import PurePath
from textwrap import indent
from typing import IO, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Case, F, QuerySet, When

from accounts.models import Block, Device, Session, User
from common.clock import now, rfc3339
from common.errors import Refusal
from common.files import safe_filename
from conversations.models import Change, Membership
from encryption.models import KeyBackup
from media.limits import AVATAR_SIZES
from media.models import Upload
from media.services import read_avatar
from messaging.models import Message, Reaction, Report, Revision
from notifications.models import Notice, Preference

CHUNK = 500
PROFILE, PICTURE, FILES = "profile.json", "media/avatar.webp", "media/files/"
Rows = QuerySet[Any, Any]


class Table(NamedTuple):
    """A file with one JSON object per line: its name, its description in `README.txt`, and its rows."""

    name: str
    description: str
    rows: Callable[[User], Rows]


def write_archive(user: User, file: IO[bytes], report: Callable[[int], None] = lambda percent: None) -> None:
    """Write a person's data to `file` as a ZIP, in constant memory.

    `report` is called with the percentage written, possibly while a query is open.
    """
    tables = [(table.name, table.rows(user)) for table in TABLES]
    total = sum(rows.count() for _, rows in tables)
    written = 0
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _readme(user))
        archive.writestr(PROFILE, msgspec.json.format(msgspec.json.encode(_profile(user)), indent=2))
        for name, rows in tables:
            with archive.open(name, "w", force_zip64=True) as entry:
                for line in _lines(rows):
                    entry.write(line)
                    written += 1
                    report(min(99, 100 * written // total))  # rows may be added while this reads them
        if picture := _picture(user):
            archive.writestr(PICTURE, picture)
        for upload in Upload.objects.filter(uploader=user).select_related("content").iterator(CHUNK):
            _copy_upload(upload, archive)


def _copy_upload(upload: Upload, archive: ZipFile) -> None:
    """A file that was deleted meanwhile is skipped."""
    try:
        with default_storage.open(upload.content.name) as file, archive.open(_entry_name(upload), "w") as entry:
            shutil.copyfileobj(file, entry)
    except FileNotFoundError:
        return


def _entry_name(upload: Upload) -> str:
    """The upload's id, with the extension of its filename."""
    return f"{FILES}{upload.id}{PurePath(safe_filename(upload.filename)).suffix}"


def _lines(rows: Rows) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for row in rows.iterator(chunk_size=CHUNK):
        yield encode(row) + b"\n"


def _profile(user: User) -> Any:
    return User.objects.values(
        "id",
        "username",
        "full_name",
        "email",
        "email_verified_at",
        "bio",
        "read_receipts",
        "typing",
        "presence",
        "who_can_add_me",
        "created_at",
        "last_seen_at",
    ).get(id=user.id)


def _picture(user: User) -> bytes | None:
    try:
        return read_avatar(user.id, max(AVATAR_SIZES))[1]
    except Refusal:
        return None


def _sessions(user: User) -> Rows:
    rows = Session.objects.filter(user=user).order_by("created_at", "id")
    return rows.values("id", "device_name", "address", "created_at", "last_used_at", "ended_at")


def _devices(user: User) -> Rows:
    rows = Device.objects.filter(user=user).order_by("created_at", "id")
    return rows.values("id", "provider", "name", "created_at")


def _blocks(user: User) -> Rows:
    return Block.objects.filter(blocker=user).order_by("created_at", "id").values("blocked_id", "created_at")


def _memberships(user: User) -> Rows:
    """People who have left a conversation do not see its current name."""
    current_name = When(left_at__isnull=True, conversation__deleted_at__isnull=True, then="conversation__name")
    rows = Membership.objects.filter(user=user).order_by("joined_at", "id")
    return rows.values(
        "conversation_id",
        "role",
        "nickname",
        "joined_at",
        "left_at",
        "visible_from_seq",
        "last_read_seq",
        "last_read_at",
        "last_delivered_seq",
        "last_delivered_at",
        "notify",
        "muted_until",
        "silenced_until",
        "is_pinned",
        "is_archived",
        "is_marked_unread",
        kind=F("conversation__kind"),
        name=Case(current_name, default=None),
    )


def _messages(user: User) -> Rows:
    """Deleted messages have no content."""
    rows = Message.objects.filter(sender=user).order_by("conversation_id", "seq")
    return rows.values(
        "id",
        "conversation_id",
        "seq",
        "client_id",
        "content_type",
        "content",
        "envelope",
        "metadata",
        "attachments",
        "reply_to_id",
        "thread_id",
        "created_at",
        "edited_at",
        "deleted_at",
    )


def _uploads(user: User) -> Rows:
    rows = Upload.objects.filter(uploader=user).order_by("created_at", "id")
    return rows.values("id", "conversation_id", "kind", "mime_type", "filename", "size", "created_at")


def _revisions(user: User) -> Rows:
    rows = Revision.objects.filter(message__sender=user).order_by("id")
    return rows.values("message_id", "content", "envelope", "replaced_at")


def _reactions(user: User) -> Rows:
    rows = Reaction.objects.filter(user=user).order_by("id")
    return rows.values("message_id", "emoji", "created_at", conversation_id=F("message__conversation_id"))


def _notices(user: User) -> Rows:
    rows = Notice.objects.filter(user=user).order_by("at", "id")
    return rows.values("kind", "actor_id", "conversation_id", "message_id", "data", "at", "read_at")


def _preferences(user: User) -> Rows:
    rows = Preference.objects.filter(user=user).order_by("pk")
    return rows.values("notify", "reactions", "quiet_from", "quiet_until", "time_zone", "language", "last_language")


def _key_backup(user: User) -> Rows:
    rows = KeyBackup.objects.filter(user=user, blob__isnull=False).order_by("pk")
    return rows.values("version", "updated_at")


def _reports(user: User) -> Rows:
    rows = Report.objects.filter(reporter=user).order_by("created_at", "id")
    return rows.values("id", "message_id", "person_id", "reason", "comment", "status", "created_at")


def _changes(user: User) -> Rows:
    rows = Change.objects.filter(actor=user).order_by("conversation_id", "seq")
    return rows.values("conversation_id", "seq", "kind", "subject_id", "message_id", "created_at")


TABLES = (
    Table(
        "sessions.jsonl", "Your sign-ins: the device, the network address, and when each began and ended.", _sessions
    ),
    Table("devices.jsonl", "The devices that receive your push notifications.", _devices),
    Table("blocks.jsonl", "The people you block, by id.", _blocks),
    Table(
        "memberships.jsonl",
        "The conversations you are or were in: your role and nickname, how far you have read, and your notification\n"
        "settings. Conversations you have left are listed without a name.",
        _memberships,
    ),
    Table(
        "messages.jsonl",
        "The messages you wrote, as they are now, ordered by conversation and position (`seq`). Deleted messages have\n"
        "no content.",
        _messages,
    ),
    Table(
        "uploads.jsonl",
        f"The files you sent, with their original names. The files themselves are in `{FILES}`, named by id.",
        _uploads,
    ),
    Table("revisions.jsonl", "Earlier versions of messages you edited.", _revisions),
    Table("reactions.jsonl", "Your reactions to messages.", _reactions),
    Table("notifications.jsonl", "Your notifications of the last 90 days, and when you read them.", _notices),
    Table("preferences.jsonl", "Your notification settings, if you changed them.", _preferences),
    Table("key_backup.jsonl", "Your key backup, if there is one. Only your passphrase opens it.", _key_backup),
    Table("reports.jsonl", "Your reports to the moderators.", _reports),
    Table(
        "changes.jsonl",
        "Your other actions in conversations, such as adding people or editing and deleting messages. `subject_id` is\n"
        "the person concerned.",
        _changes,
    ),
)


def _readme(user: User) -> str:
    descriptions = {
        PROFILE: "Your account: names, e-mail address, settings.",
        **{table.name: table.description for table in TABLES},
        PICTURE: "Your picture, if you have one.",
    }
    files = "\n\n".join(f"{name}\n{indent(description, '    ')}" for name, description in descriptions.items())
    return (
        f"The data that {settings.SITE_NAME} holds about {user.username}, as of {rfc3339(now())}.\n\n"
        "Files ending in .jsonl contain one JSON object per line. Times are in UTC. Other people appear by id only;\n"
        "their names and messages are their own data.\n\n"
        f"{files}\n"
    )
