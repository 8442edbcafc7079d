"""Receivers of hooks: sessions ended, members added to end-to-end encrypted conversations, people erased."""

from accounts import hooks
from accounts.models import Session, User
from conversations import hooks as conversations
from conversations.models import Conversation
from encryption.models import KeyBackup, KeyChange, KeyDevice, ManagedKey, RosterEntry
from encryption.services import end_devices, rosters


@hooks.sessions_ended.register
def remove_devices_of_sessions(user: User, sessions: list[Session]) -> None:
    """A device is removed when its session ends. The worker does it, because conversations must be locked before people
    and this person is already locked."""
    if KeyDevice.objects.filter(user=user, session__in=sessions, removed_at__isnull=True).exists():
        end_devices.enqueue(str(user.id))


@conversations.roster_joined.register
def add_members_to_roster(conversation: Conversation, people: list[User]) -> None:
    """Messages from now on are also encrypted for the devices of these people."""
    rosters.add_to_roster(conversation, people)


@hooks.person_erased.register
def delete_keys(user: User) -> None:
    """Delete all keys of an erased person: nothing can decrypt what was encrypted for them."""
    for model in (ManagedKey, KeyBackup, KeyDevice, KeyChange, RosterEntry):
        model._default_manager.filter(user=user).delete()
