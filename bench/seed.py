"""Put the casts of all scenes into the database, straight into the tables, and their access tokens into files.

python -m bench.seed FOLDER    # with the server's environment; writes FOLDER/<cast>.json
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

# Below, because these need the applications to be loaded.
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Session, User  # noqa: E402
from accounts.services import index_names  # noqa: E402
from accounts.tokens import access_token  # noqa: E402
from bench.reading import insert, messages  # noqa: E402
from bench.scenes import CASTS, Cast  # noqa: E402
from conversations.models import Conversation, Membership  # noqa: E402
from messaging.models import Tail  # noqa: E402


def seed(name: str, cast: Cast) -> dict[str, list[str]]:
    """Make a cast. Returns what `bench.adapters` reads."""
    users = people(name, cast.members)
    conversations = rooms(name, cast)
    Membership.objects.bulk_create(
        [
            Membership(conversation=conversations[room], user=user, last_read_seq=cast.read, last_read_number=cast.read)
            for member, user in enumerate(users)
            for room in cast.rooms_of(member)
        ],
        batch_size=1000,
    )
    insert(messages(users, conversations, cast.messages))
    Tail.objects.bulk_create([Tail(conversation=one, seq=cast.messages) for one in conversations])
    return {
        "tokens": [access_token(session) for session in sessions(users)],
        "conversations": [str(conversation.id) for conversation in conversations],
    }


def people(name: str, count: int) -> list[User]:
    users, verified_at = [], timezone.now()
    for number in range(count):
        address = f"{name}-{number}@example.org"
        user = User(full_name=f"{name.title()}-{number}", password="!", email=address, email_verified_at=verified_at)
        user.rename(f"{name}-{number}")
        users.append(user)
    User.objects.bulk_create(users, batch_size=1000)
    index_names(users)
    return users


def rooms(name: str, cast: Cast) -> list[Conversation]:
    each = cast.members * cast.rooms_each // cast.rooms
    kind = Conversation.Kind.GROUP
    return Conversation.objects.bulk_create(
        [
            Conversation(
                kind=kind,
                name=f"{name} {room}",
                member_count=each,
                seq=cast.messages,
                message_count=cast.messages,
                active_at=timezone.now(),
            )
            for room in range(cast.rooms)
        ]
    )


def sessions(users: list[User]) -> list[Session]:
    expires_at = timezone.now() + timedelta(days=1)
    return Session.objects.bulk_create(
        [Session(user=user, device_name="bench", expires_at=expires_at) for user in users], batch_size=1000
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, cast in CASTS.items():
        (folder / f"{name}.json").write_text(json.dumps(seed(name, cast)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database that was not filled a second ago would have it
