"""Slow mode for edits. What an edit adds is said like a new message and waits like one; a slip of the pen may be
corrected at once."""

from datetime import datetime, timedelta

from chatproject.common.errors import Refusal
from conversations.models import Membership
from messaging.models import Message

CORRECTION = 40
"""Characters that a correction writes in place of others, at most."""
WAIT = "Slow mode: until then you can only correct a few letters of your last message, once."


def spend_slow_mode(membership: Membership, message: Message, content: str, moment: datetime, *, adds: bool) -> None:
    """Count an edit of a locked message as something said at this moment, for those who have to wait. `adds` says that
    it names somebody or shows a file that it did not before. End to end nobody here knows how much it changes.

    Within slow mode's time one's last message may be corrected, once. Refuses everything else (`slow_mode`).
    """
    seconds = membership.conversation.slow_mode_seconds
    if not seconds or membership.role != Membership.Role.MEMBER:
        return
    before = membership.last_sent_at
    left = (before + timedelta(seconds=seconds) - moment).total_seconds() if before else 0.0
    if left > 0 and (adds or message.created_at != before or not is_correction(message.content, content)):
        raise Refusal("slow_mode", WAIT, retry_after=round(left, 3))
    Membership.objects.filter(pk=membership.pk).update(last_sent_at=moment)


def is_correction(before: str, after: str) -> bool:
    """Whether at most `CORRECTION` characters in a row are new."""
    begin = _shared(before, after)
    end = _shared(before[begin:][::-1], after[begin:][::-1])
    return len(after) - begin - end <= CORRECTION


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    differing = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
