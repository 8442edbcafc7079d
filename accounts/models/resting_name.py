from django.db import models


class RestingName(models.Model):
    """What a username is compared by that somebody erased had: nobody passes for them by taking it soon after. Only
    keyed hashes are kept."""

    name_hash = models.CharField(primary_key=True, max_length=64)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d}"
