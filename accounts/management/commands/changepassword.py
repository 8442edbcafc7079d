from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.management.commands.create_operator import read_password, sentence_of
from accounts.models import User
from common.errors import Refusal


class Command(BaseCommand):
    help = (
        "Set somebody's password. They are signed out on all devices and in the console, and get a mail. "
        "Exit code 0: done; 1: refused, or there is no such person; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the e-mail address or the username")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of the input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.by_login(options["user"]).first()
        if user is None:
            raise CommandError(f"Nobody has the e-mail address or username {options['user']}.")
        password = read_password(from_stdin=options["password_stdin"])
        try:
            ended = services.replace_password(user, new_password=password)
        except Refusal as refusal:
            raise CommandError(sentence_of(refusal)) from None
        self.stdout.write(
            f"The password of {user.username} was changed; {ended} {'session' if ended == 1 else 'sessions'} ended."
        )
