from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Block, Session, User
from common.ids import uuid7
from conversations.models import Invite, Membership


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Queries for notices."""

    def visible_to(self, user: User) -> "NoticeQuerySet":
        """The notices of this person that they may still see."""
        return self.filter(user=user).visible()

    def visible(self) -> "NoticeQuerySet":
        """The notices that their owners may still see: from conversations they are in, after the message their view
        begins at; invitations that still work; nothing from people they block."""
        mine = Membership.objects.live().filter(user=OuterRef("user_id"), conversation=OuterRef("conversation_id"))
        in_view = Q(seq__isnull=True) | Exists(mine.filter(visible_from_seq__lt=OuterRef("seq")))
        usable = Invite.objects.usable().filter(id=OuterRef("subject_id"))
        is_accessible = (
            Q(conversation__isnull=True)
            | Q(kind=Notice.Kind.INVITATION) & Exists(usable) & ~Exists(mine)
            | ~Q(kind=Notice.Kind.INVITATION) & Exists(mine) & in_view
        )
        blocked = Block.objects.filter(blocker=OuterRef("user_id"), blocked=OuterRef("actor_id"))
        return self.filter(is_accessible, ~Exists(blocked))

    def unread(self) -> "NoticeQuerySet":
        """The unread notices. A notice about a message is read together with the message; one about being added, once
        anything in that conversation was read."""
        there = Membership.objects.filter(user=OuterRef("user_id"), conversation=OuterRef("conversation_id"))
        with_message = Q(kind__in=Notice.READ_WITH) & Exists(there.filter(last_read_seq__gte=OuterRef("seq")))
        with_conversation = Q(kind=Notice.Kind.ADDED) & Exists(there.filter(last_read_at__gte=OuterRef("at")))
        return self.filter(~with_message, ~with_conversation, read_at__isnull=True)

    def unread_on(self, session: Session) -> "NoticeQuerySet":
        """The unread notices for this session: without the notice about this sign-in itself."""
        return self.unread().exclude(kind=Notice.Kind.SECURITY, subject_id=session.id)

    def with_read(self, session: Session | None = None) -> "NoticeQuerySet":
        """Each with `is_unread`, for this session, and with its actor and conversation loaded."""
        unread = Notice.objects.unread_on(session) if session else Notice.objects.unread()
        here = Exists(unread.filter(pk=OuterRef("pk")))
        return self.annotate(is_unread=here).select_related("actor", "conversation")


class Notice(models.Model):
    """A notification: one row per person, kind and subject, which becomes unread again when it happens again.

    What `subject_id` identifies depends on the kind: a conversation (`message`, `added`), a message (`mention`,
    `reply`, `reaction`), an invitation, a report (`report`, and `warning` for the person reported), a session. A
    `message` notice stands for everything unread in the conversation. `seq` is the message's position. A notice never
    holds text: the text of a message must disappear with the message.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message"
        MENTION = "mention"
        REPLY = "reply"
        REACTION = "reaction"
        INVITATION = "invitation"
        ADDED = "added"
        REPORT = "report"
        WARNING = "warning"
        SECURITY = "security"

    READ_WITH = (Kind.MESSAGE, Kind.MENTION, Kind.REPLY)
    """Kinds that are read as soon as the read mark has passed their message."""
    ABOUT_MESSAGES = (*READ_WITH, Kind.REACTION)
    NAMING = (Kind.MENTION, Kind.REPLY)
    """Kinds that address this person in particular."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    subject_id = models.UUIDField()
    actor = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    conversation = models.ForeignKey(
        "conversations.Conversation", models.CASCADE, null=True, related_name="+", db_index=False
    )
    message_id = models.UUIDField(null=True)
    seq = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "subject_id"], name="notice_once"),
        ]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="notice_latest"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["message_id"], condition=Q(message_id__isnull=False), name="notice_by_message"),
            models.Index(fields=["conversation"], condition=Q(conversation__isnull=False), name="notice_by_place"),
            models.Index(fields=["at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"


class Preference(models.Model):
    """How somebody wants to be notified. Without a row, the defaults apply.

    `notify` applies to all conversations, unless the level of a membership is lower. During the quiet hours, in the
    person's time zone, nothing is pushed; what is still unread afterwards is pushed then. `language` is the one
    somebody has chosen (BCP 47); `last_language` is the supported one that their last sign-in asked for, and is used
    for pushes.
    """

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="preference")
    notify = models.CharField(max_length=8, choices=Membership.Notify, default=Membership.Notify.ALL)
    reactions = models.BooleanField(default=True)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=35, blank=True, default="", db_default="")
    last_language = models.CharField(max_length=35, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_two_ends",
            )
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class PushQuerySet(models.QuerySet["Push"]):
    """Queries for pushes."""

    def waiting(self) -> "PushQuerySet":
        """The pushes that are still to be sent."""
        return self.filter(dead_at__isnull=True)

    def dead(self) -> "PushQuerySet":
        """The pushes that were given up, until an operator has them retried."""
        return self.filter(dead_at__isnull=False)


class Push(models.Model):
    """A push waiting for a device: one row per device and topic, which later notices are merged into.

    `topic` is the conversation, or the subject of the notice. `due_at` is when it may be sent; a worker that takes it
    moves `due_at` on, so that it is due again if the worker is killed. The row is deleted once it was sent or is no
    longer needed. `round` grows with each merged notice, so that nothing merged while it is being sent is lost.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey("accounts.Device", models.CASCADE, related_name="+", db_index=False)
    topic = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Notice.Kind)
    actor = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, null=True, related_name="+")
    message_id = models.UUIDField(null=True)
    seq = models.BigIntegerField(null=True)
    round = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    dead_at = models.DateTimeField(null=True)

    objects = PushQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "pushes"
        constraints = [models.UniqueConstraint(fields=["device", "topic"], name="push_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(dead_at__isnull=True), name="push_due"),
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="push_dead"),
            models.Index(fields=["message_id"], condition=Q(message_id__isnull=False), name="push_by_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.device_id}"
