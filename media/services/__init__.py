"""What can be done with files: the only writers. They are written before the transaction that shows them commits, and
deleted after the one that hides them did."""

from media.services.attachments import Attachable, reattach
from media.services.avatars import (
    avatar_names,
    forget_ended,
    picture_of,
    picture_of_conversation,
    remove_avatar,
    remove_conversation_avatar,
    set_avatar,
    set_conversation_avatar,
)
from media.services.blobs import sweep
from media.services.processing import give_up
from media.services.uploads import SHOWN, check_upload, collect, discard_upload, keep_upload, upload_of

__all__ = [
    "SHOWN",
    "Attachable",
    "avatar_names",
    "check_upload",
    "collect",
    "discard_upload",
    "forget_ended",
    "give_up",
    "keep_upload",
    "picture_of",
    "picture_of_conversation",
    "reattach",
    "remove_avatar",
    "remove_conversation_avatar",
    "set_avatar",
    "set_conversation_avatar",
    "sweep",
    "upload_of",
]
