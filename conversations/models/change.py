from django.db import models
from django.db.models.functions import Now

from common.loading import QuicklyLoaded


class Change(QuicklyLoaded):
    """An entry in a conversation's log that is not a message: what changed, and who changed it.

    It refers to a message by id, and by its seq `about_seq`, so that members who joined later do not see the change. It
    never contains text, so that a deleted message is deleted everywhere.
    """

    class Kind(models.TextChoices):
        MEMBER_ADDED = "member.added"
        MEMBER_UPDATED = "member.updated"
        MEMBER_REMOVED = "member.removed"
        CONVERSATION_UPDATED = "conversation.updated"
        CONVERSATION_DELETED = "conversation.deleted"
        MESSAGE_UPDATED = "message.updated"
        MESSAGE_DELETED = "message.deleted"
        MESSAGE_PINNED = "message.pinned"
        MESSAGE_UNPINNED = "message.unpinned"
        REACTION_ADDED = "reaction.added"
        REACTION_REMOVED = "reaction.removed"

    conversation = models.ForeignKey(
        "conversations.Conversation", models.CASCADE, related_name="changes", db_index=False
    )
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=32, choices=Kind)
    actor = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    subject = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    message_id = models.UUIDField(null=True)
    about_seq = models.BigIntegerField(default=0)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_change_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.seq}"
