"""Every action of an operator on a conversation is in the audit log once."""

import pytest

from common.models import AuditEntry
from conversations import services

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_action_is_in_the_audit_log(alice, bob, olga) -> None:
    group = services.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    for _ in range(2):
        services.freeze(olga, conversation_id=group.id, reason="A quarrel")
    services.thaw(olga, conversation_id=group.id)
    services.moderate(olga, conversation_id=group.id, changes={"name": "Calm"}, owner_id=bob.id)

    entries = AuditEntry.objects.order_by("number")
    assert [(entry.action, entry.actor_id, entry.reason, entry.facts) for entry in entries] == [
        ("conversation.freeze", olga.id, "A quarrel", {"is_frozen": True}),
        ("conversation.thaw", olga.id, "", {"is_frozen": False}),
        ("conversation.change", olga.id, "", {"name": "Calm", "owner_id": str(bob.id)}),
    ]
    assert {entry.subject_id for entry in entries} == {group.id}
