"""What can be done with files: the only writers. They are written before the transaction that shows them commits, and
deleted after the one that hides them did."""

from media.services.arrivals import arrival, begin_arrival
from media.services.attachments import Attachable, reattach, send_as_is
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
from media.services.processing import give_up, process
from media.services.uploads import (
    SHOWN,
    check_upload,
    collect,
    discard_upload,
    keep_upload,
    refuse_unless_given,
    upload_of,
)

__all__ = [
    "SHOWN",
    "Attachable",
    "arrival",
    "avatar_names",
    "begin_arrival",
    "check_upload",
    "collect",
    "discard_upload",
    "forget_ended",
    "give_up",
    "keep_upload",
    "picture_of",
    "picture_of_conversation",
    "process",
    "reattach",
    "refuse_unless_given",
    "remove_avatar",
    "remove_conversation_avatar",
    "send_as_is",
    "set_avatar",
    "set_conversation_avatar",
    "sweep",
    "upload_of",
]
