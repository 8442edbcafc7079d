from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from chatproject.common.ids import uuid7
from conversations.models.membership import Membership


class InviteQuerySet(models.QuerySet["Invite"]):
    """Reading invitations."""

    def usable(self, now: datetime | None = None) -> "InviteQuerySet":
        """Those that have neither expired nor been used up, and whose maker may still let people in."""
        in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now or timezone.now())
        return self.filter(in_time, Q(max_uses__isnull=True) | Q(uses__lt=F("max_uses")), _stands())


def _stands() -> Q:
    """Whether the maker is still somebody who may invite: the table of `policy`, as a condition. An invitation to one
    person comes from whoever may add members."""
    makers = Membership.objects.live().filter(
        conversation=OuterRef("conversation"),
        user=OuterRef("created_by"),
        user__is_active=True,
        user__erase_at__isnull=True,
    )
    by_member = Q(person__isnull=False, conversation__members_can_invite=True) & Exists(makers)
    return by_member | Exists(makers.exclude(role=Membership.Role.MEMBER))


class Invite(models.Model):
    """A link into a conversation, for whoever has it, or for one `person` alone, until it expires or is used up, or its
    maker may invite no longer. Its token is derived from the id and not kept."""

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
