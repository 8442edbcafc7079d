"""Changing one's e-mail address: it takes the password and a code sent to the new one; until then the old one stays."""

from django.db import IntegrityError, transaction

from accounts.models import OneTime, Session, User
from accounts.names import check_email
from accounts.services import codes, limiting, mails, one_time
from accounts.services.passwords import lock_proved, prove_password
from accounts.services.registration import lock_waiting, waiting_at
from accounts.services.sessions import end_other_sessions, look_again_at
from chatproject.common.errors import Refusal, invalid, refuse_together
from chatproject.common.limited import limited

CHANGE = OneTime.Purpose.CHANGE_EMAIL


@limited("RATE_ACCOUNT")
def request_email_change(user: User, *, password: str, new_email: str, address: str = "") -> None:
    """Send a code to the new address, and a notice to the old one. The owner of a known address gets a mail instead;
    the answer is the same. Refuses `invalid` and `rate_limited`."""
    new_email, _ = refuse_together(
        lambda: check_email(new_email, field="new_email"), lambda: prove_password(user, password)
    )
    if new_email == user.email:
        raise invalid("new_email", "This is your address already.")
    limiting.spend_code(new_email, address, f"code:by:{user.pk}")
    with transaction.atomic():
        one_time.send_to(lock_proved(user), CHANGE, new_email)
        mails.send_notice(user, mails.EMAIL_CHANGING)
        mails.send_code(CHANGE, user, new_email)


@limited("RATE_ACCOUNT")
def confirm_email_change(session: Session, *, code: str, address: str = "") -> User:
    """Make the new address theirs; all other sign-ins end. Returns the person; repeating it within a minute does so
    again. Refuses `code_invalid`, and `conflict` where somebody else was faster."""
    rows = OneTime.objects.filter(purpose=CHANGE, user=session.user)
    row = codes.show_code(rows, code, address=address)
    try:
        with transaction.atomic():
            user = User.objects.lock(session.user)
            if one_time.use_code(row):
                _move(user, row.address, session)
    except IntegrityError:
        raise Refusal("conflict", "This e-mail address is known already.") from None
    user.refresh_from_db()
    if user.email != row.address:
        raise Refusal("code_invalid")
    return user


def _move(user: User, new_email: str, session: Session) -> None:
    mails.send_notice(user, mails.EMAIL_CHANGED)
    lock_waiting(new_email)
    waiting_at(new_email).delete()  # what waits there can never be completed
    User.objects.filter(id=user.id).update(email=new_email)
    if not end_other_sessions(session):
        look_again_at(user)
