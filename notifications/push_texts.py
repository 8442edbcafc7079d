"""The texts of notices and pushes. By default a push contains no message text and no names; the app fetches those. The
sentences are translated in `locale/`, which `make translations` compiles."""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext, gettext_noop, override

from accounts.models import Device
from notifications import providers
from notifications.languages import language_of
from notifications.levels import preference_of
from notifications.models import Notice, Push

Kind = Notice.Kind
SENTENCES = {
    Kind.MESSAGE: gettext_noop("New message"),
    Kind.MENTION: gettext_noop("You were mentioned"),
    Kind.REPLY: gettext_noop("New reply"),
    Kind.REACTION: gettext_noop("New reaction"),
    Kind.INVITATION: gettext_noop("You are invited to a conversation"),
    Kind.ADDED: gettext_noop("You were added to a conversation"),
    Kind.REPORT: gettext_noop("Your report was decided"),
    Kind.WARNING: gettext_noop("The operators have decided about something you did"),
    Kind.SECURITY: gettext_noop("New sign-in to your account"),
}
TTL_SECONDS = 24 * 3600
"""How long a provider keeps a push for a device that is off."""


def message_for(push: Push, preview: str | None, badge: int) -> providers.Push:
    """The push for the provider, in the language of the device's owner; with preview and names only if `PUSH_PREVIEWS`
    is on."""
    title, body = settings.SITE_NAME, sentence_for(push.kind, language_of(preference_of(push.device.user)))
    if settings.PUSH_PREVIEWS and push.conversation:
        title = title_of(push) or title
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
        ttl=TTL_SECONDS,
        is_urgent=push.kind in (Kind.MESSAGE, *Notice.NAMING),
    )


def sentence_for(kind: str, language: str) -> str:
    """The sentence for this kind of notice, in one of the supported languages."""
    with override(language):
        return gettext(SENTENCES[Kind(kind)])


def title_of(item: Push | Notice) -> str:
    """The names of the actor and the conversation; empty if there is neither."""
    actor = (item.actor.full_name or item.actor.username) if item.actor else ""
    conversation = item.conversation.name if item.conversation else ""
    return " · ".join(name for name in (actor, conversation) if name)


def count_badges(devices: Collection[Device]) -> Mapping[UUID, int]:
    """The number on the app's icon, by device: its owner's unread notices, without the one about the sign-in of that
    device itself. Two queries."""
    unread = Notice.objects.filter(user__in={device.user_id for device in devices}).visible().unread()
    counts = Counter(dict(unread.values_list("user_id").annotate(Count("id"))))
    sign_ins = unread.filter(kind=Kind.SECURITY, subject_id__in={device.session_id for device in devices})
    announced = set(sign_ins.values_list("subject_id", flat=True))
    return {device.id: counts[device.user_id] - (device.session_id in announced) for device in devices}
