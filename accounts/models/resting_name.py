from django.db import models


class RestingName(models.Model):
    """A reserved username: an erased user had it, or a registration is pending with it. Only keyed hashes are stored:
    of the name's keys, and, in `held_for`, of the address whose registrations may use it."""

    name_hash = models.CharField(primary_key=True, max_length=64)
    until = models.DateTimeField(db_index=True)
    held_for = models.CharField(max_length=64, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d}"
