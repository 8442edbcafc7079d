"""Changing an e-mail address: takes the password and a code sent to the new address; until then the old one stays."""

from django.db import IntegrityError, transaction

from accounts.models import OneTime, Session, User
from accounts.names import check_email
from accounts.services import codes, limiting, mails, one_time
from accounts.services.passwords import lock_verified, verify_password
from accounts.services.registration import lock_registrations_at, registrations_at
from accounts.services.sessions import end_other_sessions, publish_account_changed
from common.action_limits import limited
from common.errors import Refusal, invalid, refuse_together

CHANGE = OneTime.Purpose.CHANGE_EMAIL


@limited("RATE_ACCOUNT")
def request_email_change(user: User, *, password: str, new_email: str, address: str = "") -> None:
    """Send a code to the new address and a notice to the old one. If the new address already belongs to somebody, they
    get a notice instead of the code; the response is the same. Refuses `invalid` and `rate_limited`."""
    new_email, _ = refuse_together(
        lambda: check_email(new_email, field="new_email"), lambda: verify_password(user, password)
    )
    if new_email == user.email:
        raise invalid("new_email", "This is already your address.")
    limiting.spend_code(new_email, address, f"code:by:{user.pk}")
    with transaction.atomic():
        one_time.set_code_address(lock_verified(user), CHANGE, new_email)
        mails.send_notice(user, mails.EMAIL_CHANGING)
        mails.send_code(CHANGE, user, new_email)


@limited("RATE_ACCOUNT")
def confirm_email_change(session: Session, *, code: str, address: str = "") -> User:
    """Switch to the new address; all other sessions end. Returns the user, also when repeated within a minute. Refuses
    `code_invalid`, and `conflict` if somebody else has taken the address meanwhile."""
    rows = OneTime.objects.filter(purpose=CHANGE, user=session.user)
    row = codes.check_code(rows, code, address=address)
    try:
        with transaction.atomic():
            user = User.objects.lock(session.user)
            if one_time.use_code(row):
                _set_email(user, row.address, session)
    except IntegrityError:
        raise Refusal("conflict", "This e-mail address belongs to another account.") from None
    user.refresh_from_db()
    if user.email != row.address:
        raise Refusal("code_invalid")
    return user


def _set_email(user: User, new_email: str, session: Session) -> None:
    mails.send_notice(user, mails.EMAIL_CHANGED)
    lock_registrations_at(new_email)
    registrations_at(new_email).delete()  # they can never be completed
    User.objects.filter(id=user.id).update(email=new_email)
    if not end_other_sessions(session):
        publish_account_changed(user)
