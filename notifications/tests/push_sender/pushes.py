"""What pushes come of, and the worker that sends them."""

from common.clock import now
from conversations.models import Membership
from messaging import services
from messaging.following.tail import notify_members
from messaging.following.unread import newest_unread
from messaging.models import Message
from messaging.reading.previews import previews_of
from messaging.wire.writing import NewMessage
from notifications.models import Push
from notifications.push_sender import PushSender


class Worker:
    """The worker's part in pushing, a step at a time."""

    def __init__(self) -> None:
        self.sender = PushSender(previews_of, newest_unread)

    def send(self) -> None:
        """Send all that is due, and wait for it."""
        while self.sender.send_due():
            self.sender.wait(15)

    def make_due(self) -> None:
        """Time passes: whatever waits is due."""
        Push.objects.waiting().update(due_at=now())


def say(sender, group, content="Hello", **more):
    services.send_message(sender, conversation_id=group.id, message=NewMessage(content, **more))
    notify_members([group.id])
    return last(group)


def last(group):
    return Message.objects.filter(conversation=group).order_by("-seq").first()


def member(user, group):
    return Membership.objects.of(user, group.id)
