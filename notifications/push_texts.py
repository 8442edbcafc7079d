"""What a notice says in words, and a push: by default nothing that anybody wrote or is called, for the app to fetch the
rest. The sentences are translated in `locale/`: `make translations` compiles it."""

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
LIVES = 24 * 3600
"""Seconds for which a provider keeps a push for a device that is off."""


def message_for(push: Push, preview: str | None, badge: int) -> providers.Push:
    """The push as the provider sends it, in the language of the device's person; with a preview and names only where
    `PUSH_PREVIEWS` is on."""
    title, body = settings.SITE_NAME, sentence(push.kind, language_of(preference_of(push.device.user)))
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
        ttl=LIVES,
        is_urgent=push.kind in (Kind.MESSAGE, *Notice.NAMING),
    )


def sentence(kind: str, language: str) -> str:
    """What has happened, in one of our languages."""
    with override(language):
        return gettext(SENTENCES[Kind(kind)])


def title_of(about: Push | Notice) -> str:
    """Who did it, and where: names; empty when it is neither of somebody nor from anywhere."""
    actor = (about.actor.full_name or about.actor.username) if about.actor else ""
    place = about.conversation.name if about.conversation else ""
    return " · ".join(name for name in (actor, place) if name)


def badges(devices: Collection[Device]) -> Mapping[UUID, int]:
    """What stands on the app's icon, by device: how many notices its person has not read, without that of the sign-in
    that it belongs to, of which they know. Two queries."""
    unread = Notice.objects.filter(user__in={device.user_id for device in devices}).visible().unread()
    counts = Counter(dict(unread.values_list("user_id").annotate(Count("id"))))
    sign_ins = unread.filter(kind=Kind.SECURITY, subject_id__in={device.session_id for device in devices})
    known = set(sign_ins.values_list("subject_id", flat=True))
    return {device.id: counts[device.user_id] - (device.session_id in known) for device in devices}
