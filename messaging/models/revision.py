from django.db import models
from django.db.models.functions import Now


class Revision(models.Model):
    """An earlier version of an edited message, deleted with it. An encrypted one has an `envelope` and the `client_id`
    that sealed it."""

    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="revisions")
    content = models.TextField(blank=True)
    envelope = models.JSONField(null=True)
    client_id = models.CharField(max_length=64, blank=True)
    replaced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"before {self.replaced_at}"
