from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from accounts.models import User
from common.clock import now
from common.compiled import CompiledQuery, Parameter
from common.errors import not_found
from common.loading import QuicklyLoaded


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Queries for memberships."""

    def live(self) -> "MembershipQuerySet":
        """The memberships that have not ended."""
        return self.filter(left_at__isnull=True, conversation__deleted_at__isnull=True)

    def of(self, user: User, conversation_id: UUID) -> "Membership":
        """The user's membership of a conversation. Without one, the conversation does not exist: `not_found`."""
        membership = _membership_of.first(user=user.pk, conversation=conversation_id)
        if membership is None:
            raise not_found()
        return membership


@CompiledQuery
def _membership_of() -> MembershipQuerySet:
    found = Membership.objects.live().filter(user=Parameter("user"), conversation=Parameter("conversation"))
    return found.select_related("conversation", "user")


class Membership(QuicklyLoaded):
    """A user in a conversation, always in the same row: leaving sets `left_at`, joining again clears it.

    Holding a live membership is the permission to act. `visible_from_seq` is set at each join: the user cannot see
    entries up to it. Marks are seqs in the log and only increase; `last_read_number` is the message number at the read
    mark. Until `silenced_until`, which a moderator sets, the member can read but not write.
    """

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"

    class Notify(models.TextChoices):
        ALL = "all"
        MENTIONS = "mentions"
        NONE = "none"

    conversation = models.ForeignKey(
        "conversations.Conversation", models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True)
    visible_from_seq = models.BigIntegerField(default=0)
    last_read_seq = models.BigIntegerField(default=0)
    last_read_number = models.BigIntegerField(default=0)
    last_read_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    last_delivered_seq = models.BigIntegerField(default=0)
    last_delivered_at = models.DateTimeField(null=True)
    silenced_until = models.DateTimeField(null=True)
    nickname = models.CharField(max_length=50, blank=True)
    muted_until = models.DateTimeField(null=True)
    notify = models.CharField(max_length=8, choices=Notify, default=Notify.ALL)
    is_pinned = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    is_marked_unread = models.BooleanField(default=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="membership_once"),
        ]
        indexes = [
            models.Index(fields=["user"], condition=models.Q(left_at__isnull=True), name="membership_live_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"

    @property
    def is_silenced(self) -> bool:
        """Whether a moderator has silenced the member at the moment."""
        return self.silenced_until is not None and self.silenced_until > now()
