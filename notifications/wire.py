"""Notices and how somebody wants them, as they go over the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import UserRef, person
from chatproject.common.clock import rfc3339
from chatproject.common.wire import Body, Instant, Moment
from conversations.models import Invite
from conversations.services import token_of
from conversations.wire import event
from notifications.languages import language_of
from notifications.levels import preference_of, time_zone_of
from notifications.models import Notice, Preference
from notifications.words import sentence, title_of

Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of day, like 22:30.")]
TimeZone = Annotated[str, Meta(min_length=1, max_length=64, description="A name of the IANA list: Europe/Berlin.")]
Language = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        max_length=35,
        description="A language as in BCP 47: de, or pt-BR.",
    ),
]
NotifyLevel = Literal["all", "mentions", "none"]


class NoticeState(msgspec.Struct):
    """Something one is told.

    `kind`: `message` (stands for all that is unread in the conversation), `mention`, `reply`, `reaction`, `invitation`,
    `added`, `report`, `warning` (something of one's own was reported, and rightly), `security`. `actor` is who did it.
    `preview` is the beginning of the message as it is now, null where there is none. `data` by kind: `reaction`
    `{emoji, count}`; `invitation` `{token, name}`; `report` `{decision}` (`upheld` or `dismissed`); `warning`
    `{decision, reason, until}`, the decision being `message_deleted`, `warned`, `suspended` (until then), `banned` or
    `removed` (from a conversation); `security` `{session_id, device_name}`; else empty. When it happens again, the
    notice comes back with the same id, unread and with a later `created_at`. `title` and `body` say it in words, as a
    push with previews does: who and where, or the name of the site; the preview, or a sentence. It is in
    the `language` of the preferences, or else what `Accept-Language` asks for, or else what the last sign-in asked for:
    English, German, French or Spanish, and English for all others. The device that has signed in finds the notice of
    that read.
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
    """Notices that were not read, and how many of them are mentions."""

    unread: int
    mentions: int


class ReadAll(Body):
    """Up to which moment (`created_at` of the newest notice that was shown); without it, all of them."""

    until: Instant | None = None


class QuietHours(msgspec.Struct, rename={"from_": "from"}):
    """From when until when, in the person's time zone, nothing is pushed; over midnight too."""

    from_: Clock
    until: Clock


class Preferences(msgspec.Struct):
    """How one wants to be told. `notify` holds for all conversations; where a membership says less, that holds.
    `language` is that of notifications and pushes: of one that the server does not know the base, or else English; null
    where none was chosen."""

    notify: NotifyLevel
    reactions: bool
    quiet_hours: QuietHours | None
    time_zone: str
    language: str | None


class NewQuietHours(QuietHours, forbid_unknown_fields=True):
    """The quiet hours from now on."""


class PreferencesChange(Body):
    """What changes; absent fields stay. `quiet_hours: null` switches them off; `language: null` leaves it to what each
    request asks for."""

    notify: NotifyLevel | UnsetType = UNSET
    reactions: bool | UnsetType = UNSET
    quiet_hours: NewQuietHours | UnsetType | None = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    language: Language | UnsetType | None = UNSET


class PushSetup(msgspec.Struct):
    """Where this server can push to, and the key with which a browser subscribes (`applicationServerKey`)."""

    providers: list[str]
    vapid_public_key: str | None


def notice_state(notice: Notice, *, is_read: bool, language: str, preview: str | None = None) -> NoticeState:
    """A notice in this language, with its `actor` and `conversation` at hand."""
    return NoticeState(
        id=notice.id,
        kind=notice.kind,
        title=title_of(notice) or settings.SITE_NAME,
        body=preview or sentence(notice.kind, language),
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
    """`notification.created`, for this person's devices; with their preferences at hand."""
    language = language_of(preference_of(notice.user))
    shown = notice_state(notice, is_read=False, language=language, preview=preview)
    return event("notification.created", {"notification": shown}, notice.at, me_seq=number)


def preferences(preference: Preference) -> Preferences:
    """How somebody wants to be told."""
    begin, end = preference.quiet_from, preference.quiet_until
    quiet = QuietHours(f"{begin:%H:%M}", f"{end:%H:%M}") if begin and end else None
    zone = time_zone_of(preference).key
    language = preference.language or None
    return Preferences(preference.notify, preference.reactions, quiet, zone, language)  # type: ignore[arg-type]
