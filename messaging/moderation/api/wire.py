"""What staff send and receive."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.models import User
from accounts.wire import UserRef, person
from common.clock import rfc3339
from common.text import LINE, LINES
from common.wire import Body, ClientId, Instant, Moment
from conversations.wire import Name, SlowMode
from messaging.models import Filter, Message, Report
from messaging.moderation.services import Case
from messaging.wire.messages import MessageState, PastContent, message_state
from messaging.wire.writing import Content

Reason = Annotated[str, Meta(max_length=1000, description="Why; recorded in the audit log.", extra=LINES)]
Pattern = Annotated[str, Meta(min_length=1, max_length=100, extra=LINE)]
Note = Annotated[str, Meta(max_length=200, extra=LINE)]


class Reasoned(Body):
    """The reason for an action."""

    reason: Reason = ""


class Suspension(Body):
    """A suspension. Without `until`, the user may not sign in until they are restored."""

    until: Instant | None = None
    reason: Reason = ""


class Resending(Body):
    """What the code is for, and why it is sent."""

    purpose: Literal["verify_email", "change_email", "reset_password"] = "verify_email"
    reason: Reason = ""


class Moderation(Body):
    """The changes; absent fields stay as they are. `owner_id` names the member who becomes the only owner."""

    is_frozen: bool | UnsetType = UNSET
    is_read_only: bool | UnsetType = UNSET
    slow_mode_seconds: SlowMode | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    owner_id: UUID | UnsetType = UNSET
    reason: Reason = ""


class Standing(msgspec.Struct):
    """Whether a user may sign in, and if not, until when; null means until they are restored."""

    id: UUID
    username: str
    is_active: bool
    suspended_until: Moment | None


class SignedOut(msgspec.Struct):
    """How many sessions were ended."""

    sessions_ended: int


class QueueRow(msgspec.Struct):
    """A case: what was reported, and how often. `person` is the user it is about; `message_id` and `conversation_id`
    are null if no message was reported. `id`, `reason` and `comment` are those of the first report."""

    id: UUID
    status: str
    person: UserRef | None
    message_id: UUID | None
    conversation_id: UUID | None
    reports: int
    reason: str
    comment: str
    created_at: Moment
    decision: str | None
    decision_reason: str
    decided_by: UserRef | None
    decided_at: Moment | None


class Complaint(msgspec.Struct):
    """Who reported it, and why. Without a `reporter`, it was a filter."""

    id: UUID
    reporter: UserRef | None
    reason: str
    comment: str
    created_at: Moment


class CaseState(QueueRow):
    """A case with its reports, the message they name, its earlier versions, and the messages around it, as far as a
    member who reported it could see them. An end-to-end encrypted conversation shows none. If only a filter has
    reported the message, `met` has the words that matched, and `message` is null until the case is opened."""

    complaints: list[Complaint]
    message: MessageState | None
    past: list[PastContent]
    before: list[MessageState]
    after: list[MessageState]
    met: list[str]


class Opening(Body):
    """Why a staff member opens a message that no member has reported."""

    reason: Annotated[str, Meta(min_length=10, max_length=1000, description="Recorded in the audit log.", extra=LINES)]


class NewDecision(Body):
    """The decision and its reason. The user it is about is notified of both. `until` is when a suspension ends."""

    decision: Literal["dismissed", "message_deleted", "warned", "suspended", "banned", "removed"]
    reason: Reason = ""
    until: Instant | None = None


class NewFilter(Body):
    """What is not wanted. A `word` is one word or several in a row, with `*` at an end for the rest of a word; a `link`
    is a host name. `flag` lets a message through and reports it, `block` refuses it. A filter that would match more
    than 5 % of the newest messages needs `is_broad` (`filters/preview/` says how many it would match)."""

    kind: Literal["word", "link"]
    pattern: Pattern
    action: Literal["flag", "block"]
    is_active: bool = True
    note: Note = ""
    is_broad: bool = False
    client_id: ClientId | None = None


class FilterChange(Body):
    """The changes; absent fields stay as they are. `is_broad` as in a new filter."""

    pattern: Pattern | UnsetType = UNSET
    action: Literal["flag", "block"] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    note: Note | UnsetType = UNSET
    is_broad: bool = False


class FilterState(msgspec.Struct):
    """A filter, with its pattern as it is compared."""

    id: UUID
    kind: str
    pattern: str
    action: str
    is_active: bool
    note: str
    created_at: Moment


class Draft(Body):
    """A pattern to try on the newest messages."""

    kind: Literal["word", "link"]
    pattern: Pattern


class Share(msgspec.Struct):
    """The percentage of the newest messages that a filter with this pattern would match. 1 also stands for anything
    less, including none; null if there are too few messages to say."""

    share: int | None


class Trial(Body):
    """A text to try the filters on."""

    text: Content


class Met(msgspec.Struct):
    """The pattern of a filter that matched a text, and what the filter does."""

    pattern: str
    action: str


class TrialResult(msgspec.Struct):
    """What would happen to a message with this text. Null means that it is sent and not reported."""

    action: Literal["flag", "block"] | None
    met: list[Met]


def queue_row(report: Report) -> QueueRow:
    """A case as a row of the queue."""
    return QueueRow(**_row(report))


def case_state(case: Case) -> CaseState:
    """A case as it was read."""

    def shown(messages: Sequence[Message]) -> list[MessageState]:
        return [message_state(message, history) for message in messages]

    history = case.message.conversation.history if case.message else ""
    return CaseState(
        **_row(case.report),
        complaints=[_complaint(one) for one in case.complaints],
        message=message_state(case.message, history) if case.message else None,
        past=[PastContent(one.content, rfc3339(one.replaced_at)) for one in case.past],
        before=shown(case.before),
        after=shown(case.after),
        met=list(case.excerpts),
    )


def filter_state(one: Filter) -> FilterState:
    """A filter as staff see it."""
    return FilterState(one.id, one.kind, one.pattern, one.action, one.is_active, one.note, rfc3339(one.created_at))


def _row(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "status": report.status,
        "person": person(report.person) if report.person else None,
        "message_id": report.message_id,
        "conversation_id": report.message.conversation_id if report.message else None,
        "reports": report.reports,  # type: ignore[attr-defined]
        "reason": report.reason,
        "comment": report.comment,
        "created_at": rfc3339(report.created_at),
        "decision": report.decision or None,
        "decision_reason": report.decision_reason,
        "decided_by": person(report.decided_by) if report.decided_by else None,
        "decided_at": rfc3339(report.decided_at) if report.decided_at else None,
    }


def _complaint(report: Report) -> Complaint:
    reporter = person(report.reporter) if report.reporter else None
    return Complaint(report.id, reporter, report.reason, report.comment, rfc3339(report.created_at))


def standing(user: User) -> Standing:
    """Whether a user may sign in, and if not, until when."""
    until = user.suspended_until
    return Standing(user.id, user.username, user.is_active, rfc3339(until) if until else None)
