"""Personal exports: asked for and made, downloaded and unpacked; and what people have written that is in them."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from conversations import services as conversations
from conversations.models import Conversation
from messaging.models import Message
from operations.worker import ChatWorker

EXPORT = "/api/v1/users/me/export/"
FILES = ["README.txt", "blocks.jsonl", "changes.jsonl", "devices.jsonl", "memberships.jsonl", "messages.jsonl"]
FILES += ["profile.json", "reactions.jsonl", "reports.jsonl", "revisions.jsonl", "sessions.jsonl", "uploads.jsonl"]
FILES += ["key_backup.jsonl", "notifications.jsonl", "preferences.jsonl"]
FILES.sort()


def files() -> list[Path]:
    """What lies in the storage."""
    return sorted(Path(default_storage.path("exports")).glob("*"))


def work() -> None:
    """Run what is queued, failed tasks too."""
    DBTaskResult.objects.filter(status="READY").update(run_after=timezone.now() - timedelta(seconds=1))
    while ChatWorker().run_next():
        pass


def made(client) -> dict:
    """The state of an export that was asked for and made."""
    answer = client.post(EXPORT)
    assert answer.status_code == 202, answer.content
    work()
    return client.get(f"{EXPORT}{answer.json()['id']}/").json()


def downloaded(client, state: dict) -> bytes:
    answer = client.get(state["download_url"])
    assert answer.status_code == 200
    return answer.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """What is in an archive, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def lines(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]


def group(owner: User, *others: User, name: str = "Friends") -> Conversation:
    return conversations.create_group(
        owner,
        name=name,
        description="",
        member_ids=[other.id for other in others],
        history="all",
        members_can_invite=False,
    )


def write(sender: User, conversation: Conversation, *contents: str, **more: object) -> list[Message]:
    """Messages at the next places of a conversation, without the writer."""
    place = Message.objects.filter(conversation=conversation).count() + 1000
    return Message.objects.bulk_create(
        [
            Message(
                conversation=conversation,
                seq=place + number,
                number=place + number,
                changed_seq=place + number,
                sender=sender,
                client_id=f"{conversation.id}-{place + number}",
                body_hash=b"",
                content=content,
                **more,
            )
            for number, content in enumerate(contents)
        ],
        batch_size=500,
    )
