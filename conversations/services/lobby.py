"""The Lobby: the one room that is there from the start."""

from django.conf import settings
from django.utils import timezone

from conversations.models import Conversation

NAME = "Lobby"


def ensure_lobby() -> Conversation | None:
    """The Lobby, made when it is missing and back when it was switched off; with `LOBBY` off it is hidden."""
    lobby = Conversation.objects.filter(is_lobby=True).first()
    if not settings.LOBBY:
        Conversation.objects.filter(is_lobby=True).update(deleted_at=timezone.now())
        return None
    if lobby is None:
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
        lobby.save(force_insert=True)
        return lobby
    if lobby.deleted_at:
        _show(lobby)
        Conversation.objects.filter(id=lobby.id).update(deleted_at=None, name_skeleton=lobby.name_skeleton)
    return lobby


def _show(lobby: Conversation) -> None:
    """It is there whatever others are called meanwhile."""
    lobby.look()
    if lobby.looks_like_another():
        lobby.name_skeleton = None
