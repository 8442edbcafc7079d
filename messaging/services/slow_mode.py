"""Slow mode for edits. An edit that adds something has to wait like a new message; a typo can be corrected at once."""

from datetime import datetime, timedelta

from common.errors import Refusal
from conversations.models import Membership
from messaging.models import Message

CORRECTION = 40
"""The most new characters in a correction."""
WAIT = "Slow mode is on. Until you can write again, you can correct a few letters of your last message, once."


def spend_slow_mode(membership: Membership, message: Message, content: str, moment: datetime, *, adds: bool) -> None:
    """Count an edit of a locked message as a new message in slow mode. `adds` means that it mentions a member or
    attaches a file that it did not before. The server cannot see how much an end-to-end edit changes.

    Before slow mode lets the member write again, they can correct their last message, once. Any other edit is refused
    (`slow_mode`).
    """
    seconds = membership.conversation.slow_mode_seconds
    if not seconds or membership.role != Membership.Role.MEMBER:
        return
    before = membership.last_sent_at
    wait = (before + timedelta(seconds=seconds) - moment).total_seconds() if before else 0.0
    if wait > 0 and (adds or message.created_at != before or not is_correction(message.content, content)):
        raise Refusal("slow_mode", WAIT, retry_after=round(wait, 3))
    Membership.objects.filter(pk=membership.pk).update(last_sent_at=moment)


def is_correction(before: str, after: str) -> bool:
    """Whether the edit replaces one run of characters by at most `CORRECTION` others."""
    begin = _common_prefix_size(before, after)
    end = _common_prefix_size(before[begin:][::-1], after[begin:][::-1])
    return len(after) - begin - end <= CORRECTION


def _common_prefix_size(one: str, other: str) -> int:
    """The length of the prefix that both share."""
    differing = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
