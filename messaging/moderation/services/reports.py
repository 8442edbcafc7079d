"""Reporting messages and users to the moderators."""

from uuid import UUID

from accounts.models import User
from common.action_limits import spend_for
from common.errors import invalid, not_found
from messaging.models import Message, Report


def report_message(actor: User, *, message_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a message that the actor can see; repeating it changes nothing. Refuses `not_found`, `invalid` for the
    actor's own message, and `rate_limited`."""
    message = Message.objects.visible_to(actor).filter(id=message_id, deleted_at__isnull=True).first()
    if message is None:
        raise not_found()
    if message.sender_id == actor.id:
        raise invalid("id", "You cannot report your own message.")
    return _report(actor, message=message, person=message.sender, reason=reason, comment=comment)


def report_user(actor: User, *, user_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a user; repeating it while the report is open changes nothing. Refuses `not_found`, `invalid` for the
    actor, and `rate_limited`."""
    if user_id == actor.id:
        raise invalid("id", "You cannot report yourself.")
    user = User.objects.active().filter(id=user_id).first()
    if user is None:
        raise not_found()
    return _report(actor, message=None, person=user, reason=reason, comment=comment)


def _report(actor: User, *, message: Message | None, person: User, reason: str, comment: str) -> Report:
    about_id = message.id if message else person.id
    key = {"reporter": actor, "message": message, "person": person, "about_id": about_id}
    if message is None:
        key["status"] = Report.Status.OPEN  # type: ignore[assignment]
    earlier = Report.objects.filter(**key).first()
    if earlier:
        return earlier
    spend_for(actor, "RATE_REPORTS")
    report, _ = Report.objects.get_or_create(**key, defaults={"reason": reason, "comment": comment})
    return report
