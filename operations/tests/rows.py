"""A row of everything that the console shows."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts.models import Registration, Session, User
from common import audit
from common.clock import now
from common.ids import uuid7
from conversations import services as conversations
from messaging.models import Message, Report
from messaging.moderation import services as moderation
from notifications.models import Push
from operations.models import Backup, PersonalExport


def a_row_of_everything(alice: User, bob: User, session: Session) -> None:
    """`session` is one of alice's."""
    group = conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    message = Message.objects.create(
        conversation=group, seq=9, number=9, changed_seq=9, sender=bob, client_id="1", body_hash=b"", content="Hello"
    )
    Report.objects.create(message=message, person=bob, about_id=message.id, reason="spam")
    moderation.create_filter(alice, kind="word", pattern="watches", action="flag")
    registered = {"email": "carol@example.org", "username": "carol", "username_key": "carol", "password": "x"}
    Registration.objects.create(**registered, created_at=now())
    phone, _ = accounts.register_device(session, provider="fcm", token="a secret token")
    Push.objects.create(device=phone, topic=alice.id, kind="security", due_at=now())
    archive = default_storage.save("exports/archive.zip", ContentFile(b"PK"))
    done = {"status": "done", "progress": 100, "size": 2, "finished_at": now()}
    PersonalExport.objects.create(user=alice, task_id=uuid7(), archive=archive, **done)
    Backup.objects.create(name="chat-x", **done)
    DBTaskResult.objects.create(status="FAILED", task_path="x", args_kwargs={"args": [], "kwargs": {}})
    audit.record("person.suspend", actor_id=alice.id, subject="person", subject_id=bob.id)
