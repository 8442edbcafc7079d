"""The epoch of this installation. A position from another epoch is answered with a reset."""

from functools import cache

from common.models import Installation


@cache
def epoch() -> str:
    """The epoch, read once per process: it changes only while the server is stopped."""
    return str(Installation.objects.get_or_create(id=1)[0].epoch)
