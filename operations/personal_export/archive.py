"""What is in the archive. Of other people nothing but their ids: no names, no addresses, no messages."""

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
from chatproject.common.clock import now, rfc3339
from chatproject.common.errors import Refusal
from chatproject.common.files import harmless
from conversations.models import Change, Membership
from encryption.models import KeyBackup
from media.limits import AVATAR_SIZES
from media.models import Upload
from media.services import picture_of
from messaging.models import Message, Reaction, Report, Revision
from notifications.models import Notice, Preference

CHUNK = 500
PROFILE, PICTURE, FILES = "profile.json", "media/avatar.webp", "media/files/"
Rows = QuerySet[Any, Any]


class Table(NamedTuple):
    """A file with one JSON object a line: its name, its sentence in `README.txt`, and its rows."""

    name: str
    sentence: str
    rows: Callable[[User], Rows]


def write_archive(user: User, file: IO[bytes], report: Callable[[int], None] = lambda percent: None) -> None:
    """Write everything of this person to `file` as a ZIP, in constant memory however much it is.

    `report` hears, again and again, how many per cent are written. Until it returns a query may be open.
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
                    report(min(99, 100 * written // total))  # more may be written while it is read
        if picture := _picture(user):
            archive.writestr(PICTURE, picture)
        for upload in Upload.objects.filter(uploader=user).select_related("content").iterator(CHUNK):
            _copy(upload, archive)


def _copy(upload: Upload, archive: ZipFile) -> None:
    """A file of theirs; one that was deleted meanwhile is left out."""
    try:
        with default_storage.open(upload.content.name) as file, archive.open(_name(upload), "w") as entry:
            shutil.copyfileobj(file, entry)
    except FileNotFoundError:
        return


def _name(upload: Upload) -> str:
    """Its id, and an ending by which programs know it."""
    return f"{FILES}{upload.id}{PurePath(harmless(upload.filename)).suffix}"


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
        return picture_of(user.id, max(AVATAR_SIZES))[1]
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
    """What a conversation is called now is no business of who has left it."""
    is_in = When(left_at__isnull=True, conversation__deleted_at__isnull=True, then="conversation__name")
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
        name=Case(is_in, default=None),
    )


def _messages(user: User) -> Rows:
    """Deleted ones hold no content any more."""
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
    Table("sessions.jsonl", "Your sign-ins: the device, the network address, and when it began and ended.", _sessions),
    Table("devices.jsonl", "The devices to which notifications are pushed.", _devices),
    Table("blocks.jsonl", "Whom you block, by id.", _blocks),
    Table(
        "memberships.jsonl",
        "The conversations you are or were in: your role and nickname, how far you have read, and how you are\n"
        "notified. Those you have left stand without their names.",
        _memberships,
    ),
    Table(
        "messages.jsonl",
        "The messages you wrote, as they are now, by conversation and in their order there (`seq`). Of those that\n"
        "were deleted there is no content left.",
        _messages,
    ),
    Table(
        "uploads.jsonl",
        f"The files you sent, which are in `{FILES}` under their ids and with their endings, and what they were\n"
        "called.",
        _uploads,
    ),
    Table("revisions.jsonl", "What those messages said before you edited them.", _revisions),
    Table("reactions.jsonl", "Your reactions to messages.", _reactions),
    Table("notifications.jsonl", "What you were told in the last 90 days, and when you read it.", _notices),
    Table("preferences.jsonl", "How you want to be told, if you have set it.", _preferences),
    Table("key_backup.jsonl", "Your backup of keys, if there is one: only your passphrase opens it.", _key_backup),
    Table("reports.jsonl", "What you reported to the people who run this place.", _reports),
    Table(
        "changes.jsonl",
        "What else you did in conversations: adding people, editing and deleting messages, and the like. `subject_id`\n"
        "is the person it was about.",
        _changes,
    ),
)


def _readme(user: User) -> str:
    sentences = {
        PROFILE: "Your account: names, address, settings.",
        **{table.name: table.sentence for table in TABLES},
        PICTURE: "Your picture, if you have one.",
    }
    files = "\n\n".join(f"{name}\n{indent(sentence, '    ')}" for name, sentence in sentences.items())
    return (
        f"What {settings.SITE_NAME} keeps about {user.username}, as of {rfc3339(now())}.\n\n"
        "Files that end in .jsonl hold one JSON object a line. Times are in UTC. Other people appear by their ids\n"
        "only: who they are and what they wrote is theirs.\n\n"
        f"{files}\n"
    )
