"""Notices, preferences and the push setup as they go over the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import UserRef, person
from common.clock import rfc3339
from common.wire import Body, Instant, Moment
from conversations.models import Invite
from conversations.services import token_of
from conversations.wire import encode_event
from notifications.languages import language_of
from notifications.levels import preference_of, time_zone_of
from notifications.models import Notice, Preference
from notifications.push_texts import sentence_for, title_of

Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of day, like 22:30.")]
TimeZone = Annotated[str, Meta(min_length=1, max_length=64, description="An IANA name, like Europe/Berlin.")]
Language = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        max_length=35,
        description="A BCP 47 language tag, like de or pt-BR.",
    ),
]
NotifyLevel = Literal["all", "mentions", "none"]


class NoticeState(msgspec.Struct):
    """A notification.

    `kind`: `message` (stands for everything unread in the conversation), `mention`, `reply`, `reaction`, `invitation`,
    `added`, `report`, `warning` (a report about you was upheld), `security`. `actor` is who did it. `preview` is the
    beginning of the current message, or null. `data` depends on the kind: `reaction` `{emoji, count}`; `invitation`
    `{token, name}`; `report` `{decision}` (`upheld` or `dismissed`); `warning` `{decision, reason, until}`, where the
    decision is `message_deleted`, `warned`, `suspended` (until then), `banned` or `removed` (from a
    conversation); `security` `{session_id, device_name}`; otherwise it is empty. When the same thing happens again, the
    notification comes back with the same ID, unread, and with a later `created_at`. `title` and `body` are for display,
    as in a push with previews: who and where, or the name of the site; the preview, or a sentence. They are in the
    `language` of the preferences, or else the one that `Accept-Language` asks for, or else the one that the last
    sign-in asked for: English, German, French or Spanish, and English for all others. For the device that signed in,
    the notification of that sign-in is read from the start.
    """

    id: UUID
    kind: str
    title: str
    body: str
    actor: UserRef | None
    conversation_id: UUID | None
    message_id: UUID | None
    seq: int | None
    preview: str | None
    data: dict[str, Any]
    is_read: bool
    created_at: Moment


class NoticeCounts(msgspec.Struct):
    """How many notifications are unread, and how many of them are mentions."""

    unread: int
    mentions: int


class ReadAll(Body):
    """`until` is the `created_at` of the newest notification that was shown; without it, all are marked as read."""

    until: Instant | None = None


class QuietHours(msgspec.Struct, rename={"from_": "from"}):
    """From when until when nothing is pushed, in the person's time zone. May cross midnight."""

    from_: Clock
    until: Clock


class Preferences(msgspec.Struct):
    """How you want to be notified. `notify` applies to all conversations, unless the level set for a conversation is
    lower. `language` is the language of notifications and pushes, null if none was chosen. If the server does not
    support it, it uses the base language, or else English."""

    notify: NotifyLevel
    reactions: bool
    quiet_hours: QuietHours | None
    time_zone: str
    language: str | None


class NewQuietHours(QuietHours, forbid_unknown_fields=True):
    """New quiet hours."""


class PreferencesChange(Body):
    """The fields to change; absent fields stay as they are. `quiet_hours: null` switches them off; with `language:
    null` each request decides."""

    notify: NotifyLevel | UnsetType = UNSET
    reactions: bool | UnsetType = UNSET
    quiet_hours: NewQuietHours | UnsetType | None = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    language: Language | UnsetType | None = UNSET


class PushSetup(msgspec.Struct):
    """The push providers of this server, and the key with which a browser subscribes (`applicationServerKey`)."""

    providers: list[str]
    vapid_public_key: str | None


def notice_state(notice: Notice, *, is_read: bool, language: str, preview: str | None = None) -> NoticeState:
    """A notice in this language; its `actor` and `conversation` are loaded."""
    return NoticeState(
        id=notice.id,
        kind=notice.kind,
        title=title_of(notice) or settings.SITE_NAME,
        body=preview or sentence_for(notice.kind, language),
        actor=person(notice.actor) if notice.actor else None,
        conversation_id=notice.conversation_id,
        message_id=notice.message_id,
        seq=notice.seq,
        preview=preview,
        data=_data(notice),
        is_read=is_read,
        created_at=rfc3339(notice.at),
    )


def _data(notice: Notice) -> dict[str, Any]:
    if notice.kind == Notice.Kind.INVITATION:
        return {**notice.data, "token": token_of(Invite(id=notice.subject_id))}
    data: dict[str, Any] = notice.data
    return data


def created_frame(notice: Notice, number: int, preview: str | None) -> bytes:
    """`notification.created` for this person's devices; their preferences are loaded."""
    language = language_of(preference_of(notice.user))
    shown = notice_state(notice, is_read=False, language=language, preview=preview)
    return encode_event("notification.created", {"notification": shown}, notice.at, me_seq=number)


def preferences(preference: Preference) -> Preferences:
    """Preferences as they are sent."""
    begin, end = preference.quiet_from, preference.quiet_until
    quiet = QuietHours(f"{begin:%H:%M}", f"{end:%H:%M}") if begin and end else None
    zone = time_zone_of(preference).key
    language = preference.language or None
    return Preferences(preference.notify, preference.reactions, quiet, zone, language)  # type: ignore[arg-type]
