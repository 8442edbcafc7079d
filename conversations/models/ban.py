from django.db import models
from django.db.models.functions import Now


class Ban(models.Model):
    """A user who cannot join a conversation until the ban is lifted."""

    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="bans", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    banned_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="ban_once")]

    def __str__(self) -> str:
        return f"{self.user_id} is banned from {self.conversation_id}"
