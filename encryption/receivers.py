"""Of what the lower apps let know."""

from accounts import hooks
from accounts.models import Session, User
from conversations import hooks as conversations
from conversations.models import Conversation
from encryption.models import KeyBackup, KeyChange, KeyDevice, ManagedKey, RosterEntry
from encryption.services import end_devices, rosters


@hooks.sessions_ended.register
def end_their_devices(user: User, sessions: list[Session]) -> None:
    """A device reads end to end as long as its sign-in lasts. The worker ends it: conversations are locked before
    people, and this person is locked."""
    if KeyDevice.objects.filter(user=user, session__in=sessions, removed_at__isnull=True).exists():
        end_devices.enqueue(str(user.id))


@conversations.roster_joined.register
def begin_their_roster(conversation: Conversation, people: list[User]) -> None:
    """What is written from here on is sealed for their devices, too."""
    rosters.begin(conversation, people)


@hooks.person_erased.register
def forget_keys(user: User) -> None:
    """Nothing opens any more what was encrypted for somebody who is erased."""
    for model in (ManagedKey, KeyBackup, KeyDevice, KeyChange, RosterEntry):
        model._default_manager.filter(user=user).delete()
