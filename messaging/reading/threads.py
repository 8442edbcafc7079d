"""The read mark of a user in a thread."""

from accounts.models import Block, User
from messaging.models import Message, MessageQuerySet, ThreadMark


def thread_position(user: User, root: Message, replies: MessageQuerySet) -> tuple[int, int]:
    """The seq up to which this user has read the thread of `root`, and the number of unread replies."""
    mark = ThreadMark.objects.filter(root=root, user=user).first()
    last_read_seq = mark.last_read_seq if mark else 0
    blocked = Block.objects.filter(blocker=user).values("blocked")
    unread = replies.filter(seq__gt=last_read_seq, deleted_at__isnull=True).exclude(sender=user)
    return last_read_seq, unread.exclude(sender__in=blocked).count()
