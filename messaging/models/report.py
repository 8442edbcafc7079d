from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chatproject.common.ids import uuid7


class Report(models.Model):
    """Somebody asks the operators to look at a message, or at a person."""

    class Reason(models.TextChoices):
        SPAM = "spam"
        ABUSE = "abuse"
        VIOLENCE = "violence"
        SEXUAL = "sexual"
        ILLEGAL = "illegal"
        OTHER = "other"

    class Status(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"

    class Decision(models.TextChoices):
        UPHELD = "upheld"
        DISMISSED = "dismissed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reporter = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    message = models.ForeignKey("messaging.Message", models.CASCADE, null=True, related_name="reports")
    person = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="reports")
    reason = models.CharField(max_length=8, choices=Reason)
    comment = models.CharField(max_length=1000, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    decision = models.CharField(max_length=9, choices=Decision, blank=True)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "message"], condition=Q(message__isnull=False), name="message_reported_once"
            ),
            models.UniqueConstraint(
                fields=["reporter", "person"],
                condition=Q(message__isnull=True, status="open"),
                name="person_reported_once",
            ),
            models.CheckConstraint(
                condition=Q(message__isnull=False) | Q(person__isnull=False), name="report_about_something"
            ),
            models.CheckConstraint(
                condition=Q(status="open", decision="") | (Q(status="decided") & ~Q(decision="")),
                name="report_decided_somehow",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=Q(status="open"), name="report_open")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.message_id or self.person_id}"
