from django.db import models


class Tail(models.Model):
    """Up to which place of a conversation's log its members have been told of what is new. The worker's, apart from the
    conversation's own row, so that nobody who sends waits for it."""

    conversation = models.OneToOneField(
        "conversations.Conversation", models.CASCADE, primary_key=True, related_name="+"
    )
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.conversation_id} up to {self.seq}"
