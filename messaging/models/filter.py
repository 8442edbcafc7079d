from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from common.ids import uuid7


class Filter(models.Model):
    """A word or link that is not allowed in messages. A message with it is refused, or reported to the moderators.

    `pattern` is folded. For words it is one word or several in a row, and `*` at either end stands for the rest of a
    word. For links it is the host name, which includes its subdomains.
    """

    class Kind(models.TextChoices):
        WORD = "word"
        LINK = "link"

    class Action(models.TextChoices):
        FLAG = "flag", "Flag: send the message and report it"
        BLOCK = "block", "Block: refuse the message"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=4, choices=Kind)
    pattern = models.CharField(max_length=100)
    action = models.CharField(max_length=5, choices=Action)
    is_active = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ("change",)
        constraints = [
            models.UniqueConstraint(fields=["kind", "pattern"], name="filter_once"),
            models.CheckConstraint(condition=~Q(pattern=""), name="filter_finds_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pattern}"


class FilterVersion(models.Model):
    """One row, whose `version` changes with every change of a filter. Each process compares it with its own copy."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField(default=uuid7)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_filter_version")]

    def __str__(self) -> str:
        return str(self.version)

    @classmethod
    def current(cls) -> UUID | None:
        """The current version; None before the first filter."""
        return cls.objects.values_list("version", flat=True).first()
