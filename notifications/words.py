"""What a push says. By default nothing that anybody wrote or is called: ids, for the app to fetch the rest."""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from django.conf import settings
from django.db.models import Count

from notifications import providers
from notifications.models import Notice, Push

Kind = Notice.Kind
SENTENCES = {
    Kind.MESSAGE: "New message",
    Kind.MENTION: "You were mentioned",
    Kind.REPLY: "New reply",
    Kind.REACTION: "New reaction",
    Kind.INVITATION: "You are invited to a conversation",
    Kind.ADDED: "You were added to a conversation",
    Kind.REPORT: "Your report was decided",
    Kind.WARNING: "The operators have decided about something you did",
    Kind.SECURITY: "New sign-in to your account",
}
LIVES = 24 * 3600
"""Seconds for which a provider keeps a push for a device that is off."""


def message_for(push: Push, preview: str | None, badge: int) -> providers.Push:
    """The push as the provider sends it; with a preview and names only where `PUSH_PREVIEWS` is on."""
    title, body = settings.SITE_NAME, SENTENCES[Kind(push.kind)]
    if settings.PUSH_PREVIEWS and push.conversation:
        title = _title(push) or title
        body = preview or body
    data = {
        "kind": push.kind,
        "conversation_id": str(push.conversation_id or ""),
        "message_id": str(push.message_id or ""),
        "seq": str(push.seq or ""),
    }
    return providers.Push(
        title=title,
        body=body,
        data={name: value for name, value in data.items() if value},
        tag=push.topic.hex,
        badge=badge,
        ttl=LIVES,
        is_urgent=push.kind in (Kind.MESSAGE, *Notice.NAMING),
    )


def _title(push: Push) -> str:
    actor = (push.actor.full_name or push.actor.username) if push.actor else ""
    place = push.conversation.name if push.conversation else ""
    return " · ".join(name for name in (actor, place) if name)


def badges(user_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """What stands on the icons of these people's apps: how many notices each has not read. One query."""
    unread = Notice.objects.filter(user__in=user_ids).visible().unread()
    return Counter(dict(unread.values_list("user_id").annotate(Count("id"))))
