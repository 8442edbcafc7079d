from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.models import OneTime
from common.errors import Refusal

PURPOSES = [OneTime.Purpose.VERIFY_EMAIL, OneTime.Purpose.CHANGE_EMAIL, OneTime.Purpose.RESET_PASSWORD]


class Command(BaseCommand):
    help = (
        "Send a new code by mail, ignoring the limits. It has all its tries, and the old code becomes invalid. "
        "The code is not shown. "
        "Exit code 0: the mail is on its way; 1: nobody is waiting for a code at this address; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail address the code goes to")
        parser.add_argument(
            "--purpose", choices=PURPOSES, default=PURPOSES[0], help="what the code is for (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email, purpose = options["email"].strip(), options["purpose"]
        try:
            services.resend_code_as_operator(email=email, purpose=purpose)
        except Refusal:
            raise CommandError(f"Nobody is waiting for a {purpose} code at {email}.") from None
        self.stdout.write(f"A {purpose} code is on its way to {email}.")
