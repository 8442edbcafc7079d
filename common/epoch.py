"""The epoch of this installation: positions of another epoch are answered with a reset."""

from functools import cache

from chatproject.common.models import Installation


@cache
def epoch() -> str:
    """The epoch, read once per process: it only changes while the server is stopped."""
    return str(Installation.objects.get_or_create(id=1)[0].epoch)
