from django.db import models
from django.db.models.functions import Now


class Block(models.Model):
    """`blocker` has blocked `blocked`."""

    blocker = models.ForeignKey("accounts.User", models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~models.Q(blocker=models.F("blocked")), name="block_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
