from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Sign somebody out on all devices; their sockets close. "
        "Exit code 0: done, even if there was nothing to end; 1: there is no such person; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the e-mail address or the username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.by_login(options["user"]).first()
        if user is None:
            raise CommandError(f"Nobody has the e-mail address or username {options['user']}.")
        ended = services.end_sessions_of(None, user)
        self.stdout.write(f"{user.username}: {ended} {'session' if ended == 1 else 'sessions'} ended.")
