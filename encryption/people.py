"""Of what the lower apps let know."""

from accounts import hooks
from accounts.models import User
from encryption.models import ManagedKey


@hooks.person_erased.register
def forget_keys(user: User) -> None:
    """Nothing opens any more what was encrypted for somebody who is erased."""
    ManagedKey.objects.filter(user=user).delete()
