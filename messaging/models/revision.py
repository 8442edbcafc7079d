from django.db import models
from django.db.models.functions import Now


class Revision(models.Model):
    """What a message said before it was edited. It dies with the message."""

    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="revisions")
    content = models.TextField()
    replaced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"before {self.replaced_at}"
