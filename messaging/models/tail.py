from django.db import models


class Tail(models.Model):
    """The seq up to which the worker has notified the members of a conversation. It has a row of its own, so that
    senders do not wait for the worker's lock."""

    conversation = models.OneToOneField(
        "conversations.Conversation", models.CASCADE, primary_key=True, related_name="+"
    )
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.conversation_id} up to {self.seq}"
