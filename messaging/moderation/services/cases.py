"""Reading a case: what was reported, and the messages around it. Every read is recorded in the audit log.

If only a filter has reported a message, no member has shown it to the moderators. Such a case contains only the words
that the filter matched. Reading the whole message takes the permission to read transcripts, and a reason.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from common import audit
from common.action_limits import limited
from common.errors import Refusal, invalid, not_found
from conversations.models import Membership
from messaging.models import Message, MessageQuerySet, Report, Revision
from messaging.writing.filters import matching_excerpts

OPEN_PERMISSION, REASON_SIZE = "messaging.read_transcript", 10
CONTEXT_SIZE = 5
"""How many messages to show before and after the reported one."""


class Case(NamedTuple):
    """A report and all others of its case as `complaints`. `message` is the reported message, `past` are its earlier
    versions, and `before` and `after` are the messages around it that a reporter could see. End-to-end encrypted
    messages are left out. If only a filter has reported the message and it was not opened, there are only `excerpts`,
    the words that the filter matched."""

    report: Report
    complaints: list[Report]
    message: Message | None = None
    past: Sequence[Revision] = ()
    before: Sequence[Message] = ()
    after: Sequence[Message] = ()
    excerpts: Sequence[str] = ()


@limited("RATE_STAFF")
def read_case(actor: User, *, report_id: UUID) -> Case:
    """Read a case in order to decide about it. Refuses `not_found`."""
    return _read_case(actor, report_id, "report.read")


@limited("RATE_STAFF")
def open_case(actor: User, *, report_id: UUID, reason: str) -> Case:
    """Read a case with the whole message, even if only a filter has reported it. Refuses `not_found`,
    `permission_denied` without the permission to read transcripts, and `invalid` if the reason is too short."""
    if not actor.has_perm(OPEN_PERMISSION):
        raise Refusal("permission_denied", "You need the permission to read transcripts.")
    if len(reason.strip()) < REASON_SIZE:
        raise invalid("reason", f"Enter a reason of at least {REASON_SIZE} characters.")
    return _read_case(actor, report_id, "report.open", reason)


def _read_case(actor: User, report_id: UUID, action: str, reason: str = "") -> Case:
    with transaction.atomic():
        report = Report.objects.visible_to(actor).with_counts().filter(id=report_id).first()
        if report is None:
            raise not_found()
        case = _build_case(report, is_opened=bool(reason))
        audit.record(
            action,
            actor_id=actor.id,
            subject="report",
            subject_id=report.id,
            reason=reason,
            message_id=report.message_id,
            person_id=report.person_id,
        )
    return case


def _build_case(report: Report, *, is_opened: bool) -> Case:
    complaints = list(Report.objects.same_case_as(report).select_related("reporter"))
    named = Message.objects.filter(reports=report).values("id")
    message = Message.objects.shown().select_related("conversation").filter(id__in=named).first()
    if message is None or message.conversation.is_e2ee:
        return Case(report, complaints)
    if not is_opened and not any(one.reporter_id for one in complaints):
        return Case(report, complaints, excerpts=matching_excerpts(message.content, complaints))
    surrounding = _visible_to_reporters(complaints, message)
    before = list(surrounding.filter(seq__lt=message.seq).order_by("-seq")[:CONTEXT_SIZE])[::-1]
    after = list(surrounding.filter(seq__gt=message.seq).order_by("seq")[:CONTEXT_SIZE])
    past = list(Revision.objects.filter(message=message).order_by("id"))
    return Case(report, complaints, message, past, before, after)


def _visible_to_reporters(complaints: list[Report], message: Message) -> MessageQuerySet:
    """The messages of the conversation that at least one of the reporters could see; a filter sees none."""
    reporters = [one.reporter_id for one in complaints if one.reporter_id]
    visible = Q(pk__in=[])
    for member in Membership.objects.filter(conversation=message.conversation_id, user__in=reporters):
        before_leaving = Q(created_at__lte=member.left_at) if member.left_at else Q()
        visible |= Q(seq__gt=member.visible_from_seq) & before_leaving
    return Message.objects.shown().filter(visible, conversation=message.conversation_id)
