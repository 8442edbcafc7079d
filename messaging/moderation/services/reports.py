"""Asking the operators to look at something."""

from uuid import UUID

from accounts.models import User
from chatproject.common.errors import invalid, not_found
from chatproject.common.limited import spend_for
from messaging.models import Message, Report


def report_message(actor: User, *, message_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a message that the actor may see; once, repeating it changes nothing. Refuses `not_found`, `invalid` for
    an own one, `rate_limited`."""
    message = Message.objects.visible_to(actor).filter(id=message_id, deleted_at__isnull=True).first()
    if message is None:
        raise not_found()
    if message.sender_id == actor.id:
        raise invalid("id", "This message is your own.")
    return _report(actor, message=message, person=message.sender, reason=reason, comment=comment)


def report_person(actor: User, *, user_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a person; once while it is open. Refuses `not_found`, `invalid` for oneself, `rate_limited`."""
    if user_id == actor.id:
        raise invalid("id", "You cannot report yourself.")
    person = User.objects.active().filter(id=user_id).first()
    if person is None:
        raise not_found()
    return _report(actor, message=None, person=person, reason=reason, comment=comment)


def _report(actor: User, *, message: Message | None, person: User, reason: str, comment: str) -> Report:
    about_id = message.id if message else person.id
    about = {"reporter": actor, "message": message, "person": person, "about_id": about_id}
    if message is None:
        about["status"] = Report.Status.OPEN  # type: ignore[assignment]
    known = Report.objects.filter(**about).first()
    if known:
        return known
    spend_for(actor, "RATE_REPORTS")
    report, _ = Report.objects.get_or_create(**about, defaults={"reason": reason, "comment": comment})
    return report
