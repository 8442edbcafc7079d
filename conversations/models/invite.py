from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from common.ids import uuid7
from conversations.models.membership import Membership


class InviteQuerySet(models.QuerySet["Invite"]):
    """Queries for invitations."""

    def usable(self, now: datetime | None = None) -> "InviteQuerySet":
        """Invitations that have neither expired nor been used up, and whose creator may still invite."""
        in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now or timezone.now())
        return self.filter(in_time, Q(max_uses__isnull=True) | Q(uses__lt=F("max_uses")), _creator_may_invite())


def _creator_may_invite() -> Q:
    """The table in `policy` as a condition. To invite one user it is enough to be allowed to add members."""
    creators = Membership.objects.live().filter(
        conversation=OuterRef("conversation"),
        user=OuterRef("created_by"),
        user__is_active=True,
        user__erase_at__isnull=True,
    )
    by_member = Q(person__isnull=False, conversation__members_can_invite=True) & Exists(creators)
    return by_member | Exists(creators.exclude(role=Membership.Role.MEMBER))


class Invite(models.Model):
    """An invite link to a conversation, for anyone who has it or only for one `person`. It is valid until it expires or
    is used up, and while its creator may invite. The token is derived from the id and not stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="invites")
    created_by = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    person = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    max_uses = models.PositiveIntegerField(null=True)
    uses = models.PositiveIntegerField(default=0)

    objects = InviteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(uses__lte=F("max_uses")), name="invite_not_overused"
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"
