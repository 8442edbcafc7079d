from django.db import models


class ThreadMark(models.Model):
    """The seq up to which a user has read a thread. `root` is the first message of the thread."""

    root = models.ForeignKey("messaging.Message", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    last_read_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["root", "user"], name="thread_mark_once")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.last_read_seq}"
