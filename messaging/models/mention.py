from django.db import models


class Mention(models.Model):
    """A member mentioned in a message. `number` is that of the message, so that an index counts unread mentions."""

    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    sender = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    number = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_once")]
        indexes = [models.Index(fields=["user", "conversation", "number"], name="mention_by_person")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"
