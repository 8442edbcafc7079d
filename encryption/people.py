"""Of what the lower apps let know."""

from accounts import hooks
from accounts.models import Session, User
from encryption.models import KeyChange, KeyDevice, ManagedKey
from encryption.services import end_devices


@hooks.sessions_ended.register
def end_their_devices(user: User, sessions: list[Session]) -> None:
    """A device reads end to end as long as its sign-in lasts."""
    end_devices(user, [session.id for session in sessions])


@hooks.person_erased.register
def forget_keys(user: User) -> None:
    """Nothing opens any more what was encrypted for somebody who is erased."""
    for model in (ManagedKey, KeyDevice, KeyChange):
        model._default_manager.filter(user=user).delete()
