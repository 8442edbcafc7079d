from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from common.ids import uuid7


class ReportQuerySet(models.QuerySet["Report"]):
    """Queries for reports."""

    def visible_to(self, user: Any) -> "ReportQuerySet":
        """The reports that a moderator can see: all but those about themselves, which show who reported them."""
        return self.exclude(person=user)

    def open(self) -> "ReportQuerySet":
        """The reports without a decision."""
        return self.filter(status=Report.Status.OPEN)

    def same_case_as(self, report: "Report") -> "ReportQuerySet":
        """The reports of the same case: about the same message or user, and open or decided together with this one."""
        return self.filter(about_id=report.about_id, decided_at=report.decided_at).order_by("id")

    def one_per_case(self) -> "ReportQuerySet":
        """The first report of each case."""
        return self.filter(~Exists(Report._same_case().filter(id__lt=OuterRef("id")))).with_counts()

    def with_counts(self) -> "ReportQuerySet":
        """Reports with the size of their case as `reports`, and with the users and the message they name."""
        with_counts = Report._same_case().order_by().values("about_id").annotate(count=Count("id")).values("count")
        shown = self.annotate(reports=Subquery(with_counts))
        return shown.select_related("person", "reporter", "message", "decided_by")


class Report(models.Model):
    """A report of a message or a user to the moderators. Without a `reporter` it was made by a filter.

    `about_id` is the id of the message or user. Reports about the same one form a case and are decided together.
    `decided_until` is when the suspension ends, if that was the decision.
    """

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
        DISMISSED = "dismissed"
        MESSAGE_DELETED = "message_deleted"
        WARNED = "warned"
        SUSPENDED = "suspended"
        BANNED = "banned"
        REMOVED = "removed", "Removed from the conversation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reporter = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    message = models.ForeignKey("messaging.Message", models.CASCADE, null=True, related_name="reports")
    person = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="reports")
    about_id = models.UUIDField(editable=False)
    reason = models.CharField(max_length=8, choices=Reason)
    comment = models.CharField(max_length=1000, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    decision = models.CharField(max_length=15, choices=Decision, blank=True)
    decision_reason = models.CharField(max_length=1000, blank=True)
    decided_until = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        permissions = [("decide_report", "Can read what was reported and decide about it")]
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "message"], condition=Q(message__isnull=False), name="message_reported_once"
            ),
            models.UniqueConstraint(
                fields=["reporter", "person"],
                condition=Q(message__isnull=True, status="open"),
                name="person_reported_once",
            ),
            models.UniqueConstraint(
                fields=["message"], condition=Q(reporter__isnull=True, status="open"), name="message_flagged_once"
            ),
            models.CheckConstraint(
                condition=Q(message__isnull=False, about_id=F("message"))
                | Q(message__isnull=True, person__isnull=False, about_id=F("person")),
                name="report_about_something",
            ),
            models.CheckConstraint(
                condition=Q(status="open", decision="", decided_at__isnull=True)
                | (Q(status="decided", decided_at__isnull=False) & ~Q(decision="")),
                name="report_decided_somehow",
            ),
        ]
        indexes = [
            models.Index(fields=["-status", "created_at", "id"], name="report_queue"),
            models.Index(fields=["about_id"], name="report_by_case"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, by {self.person}"

    @staticmethod
    def _same_case() -> ReportQuerySet:
        """A subquery: the reports of the same case as the outer one."""
        same = Report.objects.filter(about_id=OuterRef("about_id"), status=OuterRef("status"))
        return same.filter(Q(status=Report.Status.OPEN) | Q(decided_at=OuterRef("decided_at")))

    @property
    def outcome(self) -> str:
        """What the reporter gets to know about the decision."""
        return "dismissed" if self.decision == self.Decision.DISMISSED else "upheld"

    @property
    def verdict(self) -> str:
        """The decision as a sentence: what, by whom and when."""
        end = f" until {_minute(self.decided_until)}" if self.decided_until else ""
        by = self.decided_by or "a deleted user"
        return f"{self.get_decision_display().lower()}{end}, by {by}, {_minute(self.decided_at)}"


def _minute(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""
