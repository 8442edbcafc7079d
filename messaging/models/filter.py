from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chatproject.common.ids import uuid7


class Filter(models.Model):
    """A word or a link that is not wanted in messages: those that have it are refused, or reported to the operators.

    `pattern` is folded: of a word, or several in a row, `*` at an end stands for whatever else belongs to it; of a link
    it is the host, which stands for those below it as well.
    """

    class Kind(models.TextChoices):
        WORD = "word"
        LINK = "link"

    class Action(models.TextChoices):
        FLAG = "flag", "Flag: it goes in, and is reported"
        BLOCK = "block", "Block: it is refused"

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
    """The one row that is another one whenever a filter was changed: what each process compares its own with."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField(default=uuid7)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_filter_version")]

    def __str__(self) -> str:
        return str(self.version)

    @classmethod
    def present(cls) -> UUID | None:
        """Which version there is; None before the first filter."""
        return cls.objects.values_list("version", flat=True).first()
