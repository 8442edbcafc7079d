"""The Lobby: the one room that is there from the start, and where newcomers are."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import hooks
from accounts.models import User
from conversations.models import Conversation, Membership
from conversations.services.locking import lock
from conversations.services.members import enter

NAME = "Lobby"


@hooks.person_verified.register
def enter_lobby(user: User) -> None:
    """Make somebody new a member of the Lobby, where `LOBBY_AUTO_JOIN` is on. They did not ask for it, so they are told
    of mentions only. Whoever leaves, or is banned, is not brought back: nobody is new twice. A frozen Lobby takes in
    nobody."""
    if not (settings.LOBBY and settings.LOBBY_AUTO_JOIN):
        return
    if there := ensure_lobby():
        lobby = lock(there.id)
        if not lobby.is_frozen:
            enter(lobby, [user], Membership.Role.MEMBER, None, notify=Membership.Notify.MENTIONS)


def ensure_lobby() -> Conversation | None:
    """The Lobby, made when it is missing and back when it was switched off; with `LOBBY` off it is hidden."""
    if not settings.LOBBY:
        Conversation.objects.filter(is_lobby=True).update(deleted_at=timezone.now())
        return None
    lobby = Conversation.objects.filter(is_lobby=True).first() or _make()
    if lobby.deleted_at:
        _show(lobby)
        Conversation.objects.filter(id=lobby.id).update(deleted_at=None, name_skeleton=lobby.name_skeleton)
    return lobby


def _make() -> Conversation:
    """Of several who miss it at once one makes it."""
    now = timezone.now()
    lobby = Conversation(
        kind=Conversation.Kind.CHANNEL,
        name=NAME,
        description="Everybody is welcome here.",
        is_lobby=True,
        created_at=now,
        active_at=now,
    )
    _show(lobby)
    try:
        with transaction.atomic():
            lobby.save(force_insert=True)
    except IntegrityError:
        return Conversation.objects.get(is_lobby=True)
    return lobby


def _show(lobby: Conversation) -> None:
    """It is there whatever others are called meanwhile."""
    lobby.look()
    if lobby.looks_like_another():
        lobby.name_skeleton = None
