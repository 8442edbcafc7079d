"""The Lobby: the channel that exists from the start, and that new users join."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import hooks
from accounts.models import User
from conversations.models import Conversation, Membership
from conversations.services.locking import lock_conversation
from conversations.services.members import create_memberships

NAME = "Lobby"


@hooks.person_verified.register
def enter_lobby(user: User) -> None:
    """Make a new user a member of the Lobby, if `LOBBY_AUTO_JOIN` is on. They did not ask for it, so they are notified
    of mentions only. This happens once, so users who leave or are banned do not come back. A frozen Lobby takes no new
    members."""
    if not (settings.LOBBY and settings.LOBBY_AUTO_JOIN):
        return
    if found := ensure_lobby():
        lobby = lock_conversation(found.id)
        if not lobby.is_frozen:
            create_memberships(lobby, [user], Membership.Role.MEMBER, None, notify=Membership.Notify.MENTIONS)


def ensure_lobby() -> Conversation | None:
    """Create the Lobby, or show it again after it was switched off. With `LOBBY` off, hide it and return None."""
    if not settings.LOBBY:
        Conversation.objects.filter(is_lobby=True).update(deleted_at=timezone.now())
        return None
    lobby = Conversation.objects.filter(is_lobby=True).first() or _create_lobby()
    if lobby.deleted_at:
        _claim_name_if_free(lobby)
        Conversation.objects.filter(id=lobby.id).update(deleted_at=None, name_skeleton=lobby.name_skeleton)
    return lobby


def _create_lobby() -> Conversation:
    """Create the Lobby, or return the one that another process has just created."""
    now = timezone.now()
    lobby = Conversation(
        kind=Conversation.Kind.CHANNEL,
        name=NAME,
        description="Everyone is welcome here.",
        is_lobby=True,
        created_at=now,
        active_at=now,
    )
    _claim_name_if_free(lobby)
    try:
        with transaction.atomic():
            lobby.save(force_insert=True)
    except IntegrityError:
        return Conversation.objects.get(is_lobby=True)
    return lobby


def _claim_name_if_free(lobby: Conversation) -> None:
    """The Lobby exists even if another public conversation has taken its name."""
    lobby.update_name_skeleton()
    if lobby.has_similar_name():
        lobby.name_skeleton = None
