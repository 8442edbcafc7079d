from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Block, Session, User
from chatproject.common.ids import uuid7
from conversations.models import Invite, Membership


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Reading notices."""

    def visible_to(self, user: User) -> "NoticeQuerySet":
        """This person's notices that they may still see."""
        return self.filter(user=user).visible()

    def visible(self) -> "NoticeQuerySet":
        """Those that their people may still see: of conversations they are in, from where their view begins;
        invitations that still lead in; nothing of people whom they block."""
        mine = Membership.objects.live().filter(user=OuterRef("user_id"), conversation=OuterRef("conversation_id"))
        begun = Q(seq__isnull=True) | Exists(mine.filter(visible_from_seq__lt=OuterRef("seq")))
        usable = Invite.objects.usable().filter(id=OuterRef("subject_id"))
        place = (
            Q(conversation__isnull=True)
            | Q(kind=Notice.Kind.INVITATION) & Exists(usable) & ~Exists(mine)
            | ~Q(kind=Notice.Kind.INVITATION) & Exists(mine) & begun
        )
        blocked = Block.objects.filter(blocker=OuterRef("user_id"), blocked=OuterRef("actor_id"))
        return self.filter(place, ~Exists(blocked))

    def unread(self) -> "NoticeQuerySet":
        """Those not read: what a message caused is read with the message, and being added with whatever is read there
        first."""
        there = Membership.objects.filter(user=OuterRef("user_id"), conversation=OuterRef("conversation_id"))
        with_message = Q(kind__in=Notice.READ_WITH) & Exists(there.filter(last_read_seq__gte=OuterRef("seq")))
        with_place = Q(kind=Notice.Kind.ADDED) & Exists(there.filter(last_read_at__gte=OuterRef("at")))
        return self.filter(~with_message, ~with_place, read_at__isnull=True)

    def unread_on(self, session: Session) -> "NoticeQuerySet":
        """Those not read that are news where somebody has signed in so: of this very sign-in they know."""
        return self.unread().exclude(kind=Notice.Kind.SECURITY, subject_id=session.id)

    def with_read(self, session: Session | None = None) -> "NoticeQuerySet":
        """Each with `is_unread`, for this sign-in, and whom it names at hand."""
        unread = Notice.objects.unread_on(session) if session else Notice.objects.unread()
        here = Exists(unread.filter(pk=OuterRef("pk")))
        return self.annotate(is_unread=here).select_related("actor", "conversation")


class Notice(models.Model):
    """Something that somebody is told: one row per person, kind and subject, told anew when it happens again.

    `subject_id` is what it is about, by kind: a conversation (`message`, `added`), a message (`mention`, `reply`,
    `reaction`), an invitation, a report (`report`, and `warning` for whom it is about), a sign-in. A `message` notice
    stands for all that is unread there. `seq` is the message's place. It never carries text: what a message says dies
    with the message.
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
    """Read as soon as the read mark has passed their message."""
    ABOUT_MESSAGES = (*READ_WITH, Kind.REACTION)
    NAMING = (Kind.MENTION, Kind.REPLY)
    """Meant for this person and nobody else."""

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
    """How somebody wants to be told. Without a row everything is as the defaults say.

    `notify` holds for all conversations; where a membership says less, that holds. In the quiet hours, in the person's
    own time zone, nothing is pushed; what is still unread at their end is. `language` is what somebody has chosen (BCP
    47); `last_language` the one of ours that their last sign-in asked for, for what no request asks for.
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
    """Reading pushes."""

    def waiting(self) -> "PushQuerySet":
        """Those that are still to be sent."""
        return self.filter(dead_at__isnull=True)

    def dead(self) -> "PushQuerySet":
        """Those that are tried no more, until an operator says so."""
        return self.filter(dead_at__isnull=False)


class Push(models.Model):
    """Something to be pushed to a device: one row per device and topic, so that what comes meanwhile joins it.

    `topic` is the conversation, or the subject of the notice. `due_at` is when it may be sent; whoever takes it moves
    it on, so that it is due again if they are killed. It is deleted when it was sent, or need not be sent any more.
    `round` grows with everything that joins, so that nothing which came during the sending is lost.
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
