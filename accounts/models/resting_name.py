from django.db import models


class RestingName(models.Model):
    """What a username is compared by that is not to be had: somebody erased had it, or a registration waits with it.
    Only keyed hashes are kept. `held_for` is that of the address whose registrations may take it."""

    name_hash = models.CharField(primary_key=True, max_length=64)
    until = models.DateTimeField(db_index=True)
    held_for = models.CharField(max_length=64, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d}"
