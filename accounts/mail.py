"""Sending mail. The texts are in `templates/mail/`; by default mails are written to files instead of being sent."""

import email.policy
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from email.message import EmailMessage as Document
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from common.clock import now

READABLE = email.policy.SMTPUTF8.clone(linesep="\n", cte_type="8bit", max_line_length=None)


def send(address: str, template: str, context: dict[str, Any]) -> None:
    """Send the mail in `templates/mail/<template>.txt`; its first line is the subject."""
    _write_message(address, template, context).send()


def send_to_nobody(template: str, context: dict[str, Any]) -> None:
    """Do the same work as for a mail without sending one, so that the time taken does not reveal the difference."""
    message = _write_message("nobody@localhost", template, context)
    if settings.EMAIL_FILE_PATH:
        _write_file(_as_text(message), Path(str(settings.EMAIL_FILE_PATH))).unlink()


def _write_message(address: str, template: str, context: dict[str, Any]) -> EmailMessage:
    text = render_to_string(f"mail/{template}.txt", {"site": settings.SITE_NAME, **context})
    subject, _, body = text.partition("\n")
    return EmailMessage(subject.strip(), body.lstrip("\n"), to=[address])


class OutboxBackend(BaseEmailBackend):
    """Writes each mail to a file in `EMAIL_FILE_PATH`, named by time; on a terminal it is shown as well.

    The file appears complete or not at all, and only its owner can read it. Anything but a terminal may be a log, which
    must not contain codes.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails. Raises `OSError` if the folder is not writable."""
        for message in email_messages:
            text = _as_text(message)
            folder = Path(str(settings.EMAIL_FILE_PATH))
            os.replace(_write_file(text, folder), folder / _file_name(message.to[0]))  # noqa: PTH105
            if sys.stderr.isatty():
                sys.stderr.write(f"\n--- mail {'-' * 70}\n{text}{'-' * 79}\n")
        sys.stderr.flush()
        return len(email_messages)


def _as_text(message: EmailMessage) -> str:
    document = Document(policy=READABLE)
    document["Date"] = format_datetime(now())
    document["From"] = message.from_email
    document["To"] = ", ".join(message.to)
    document["Subject"] = message.subject
    document.set_content(message.body, cte="8bit")
    return document.as_bytes().decode()


def _write_file(text: str, folder: Path) -> Path:
    """Write a file with this text beside the folder, where it is not taken for a mail yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder.parent, prefix=".mail-", delete=False) as file:
        file.write(text)
    return Path(file.name)


def _file_name(address: str) -> str:
    moment = now().strftime("%Y%m%dT%H%M%S%f")
    return f"{moment}-{re.sub(r'[^a-z0-9@._-]', '_', address.lower())[:100]}.eml"
