"""What can be done with files: the only writers. They are written before the transaction that shows them commits, and
deleted after the one that hides them did."""

from media.services.avatars import picture_of, remove_avatar, set_avatar

__all__ = ["picture_of", "remove_avatar", "set_avatar"]
