from django.db import models

from chatproject.common.ids import uuid7


class Installation(models.Model):
    """The one row that names this installation.

    `epoch` is new after a restore or an import: positions that clients hold from another epoch mean nothing here.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid7)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"
