"""Actions on files; nothing else writes them. A file is written before the transaction that shows it commits, and
deleted after the one that hides it has committed."""

from media.services.attachments import AttachableUploads, mark_sent_as_is, replace_attachments
from media.services.avatars import (
    avatar_names,
    read_avatar,
    read_conversation_avatar,
    remove_avatar,
    remove_avatars_of_deleted,
    remove_conversation_avatar,
    set_avatar,
    set_conversation_avatar,
)
from media.services.blobs import sweep_orphans
from media.services.processing import mark_failed, process
from media.services.reservations import begin_reservation, reserve_upload
from media.services.uploads import (
    PROCESSED_KINDS,
    check_upload,
    delete_outdated,
    discard_upload,
    keep_upload,
    refuse_unless_readable,
    upload_of,
)

__all__ = [
    "PROCESSED_KINDS",
    "AttachableUploads",
    "avatar_names",
    "begin_reservation",
    "check_upload",
    "delete_outdated",
    "discard_upload",
    "keep_upload",
    "mark_failed",
    "mark_sent_as_is",
    "process",
    "read_avatar",
    "read_conversation_avatar",
    "refuse_unless_readable",
    "remove_avatar",
    "remove_avatars_of_deleted",
    "remove_conversation_avatar",
    "replace_attachments",
    "reserve_upload",
    "set_avatar",
    "set_conversation_avatar",
    "sweep_orphans",
    "upload_of",
]
