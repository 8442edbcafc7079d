from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from accounts.names import SKELETON_SIZE, skeleton
from common.compiled import Parameter
from common.ids import uuid7
from common.loading import QuicklyLoaded


def is_small(conversation: str = "conversation__") -> Q:
    """The condition for conversations whose members see who joins and leaves, and count as each other's contacts:
    direct conversations, groups, and channels with at most `SMALL_CHANNEL_MEMBERS` members."""
    small = {f"{conversation}member_count__lte": settings.SMALL_CHANNEL_MEMBERS}
    return ~Q(**{f"{conversation}kind": Conversation.Kind.CHANNEL}) | Q(**small)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Queries for conversations."""

    def visible_to(self, user: User) -> "ConversationQuerySet":
        """The conversations that `user` is a member of."""
        return self.filter(memberships__user=user, memberships__left_at__isnull=True, deleted_at__isnull=True)

    def discoverable(self) -> "ConversationQuerySet":
        """Channels that everyone can find and join."""
        return self.filter(kind=Conversation.Kind.CHANNEL, deleted_at__isnull=True)

    def locked(self, *conversation_ids: UUID | Parameter) -> "ConversationQuerySet":
        """These rows, locked in id order. Every change of members and every log entry is written under this lock."""
        rows = self.filter(id__in=conversation_ids)  # type: ignore[misc] # it takes parameters, too
        return rows.order_by("id").select_for_update(no_key=True)


class Conversation(QuicklyLoaded):
    """A conversation with a numbered log.

    `seq` is the last one that was used: each message and each change takes the next one under this row's lock.
    `message_count` is the last message number; messages are numbered without gaps, which gives the unread counts. If an
    operator has frozen it (`is_frozen`), members can only read and leave, whatever their role. End-to-end encrypted
    messages are sealed for a roster, the devices of all members, which last changed at `roster_seq`.
    """

    class Kind(models.TextChoices):
        DIRECT = "direct"
        GROUP = "group"
        CHANNEL = "channel"

    class History(models.TextChoices):
        ALL = "all"
        JOINED = "joined"

    class Encryption(models.TextChoices):
        SERVER = "server"
        E2EE = "e2ee"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=100, blank=True)
    name_skeleton = models.CharField(max_length=SKELETON_SIZE, null=True, editable=False)
    description = models.CharField(max_length=1000, blank=True)
    avatar_url = models.CharField(max_length=200, blank=True, editable=False)
    pair_key = models.CharField(max_length=70, null=True, editable=False)
    is_lobby = models.BooleanField(default=False, editable=False)
    encryption = models.CharField(max_length=8, choices=Encryption, default=Encryption.SERVER)
    history = models.CharField(max_length=8, choices=History, default=History.ALL)
    members_can_invite = models.BooleanField(default=False)
    is_read_only = models.BooleanField(default=False)
    is_frozen = models.BooleanField(default=False, editable=False)
    slow_mode_seconds = models.PositiveIntegerField(default=0)
    seq = models.BigIntegerField(default=0, editable=False)
    roster_seq = models.BigIntegerField(default=0, editable=False)
    message_count = models.BigIntegerField(default=0, editable=False)
    member_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    active_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        permissions = [("moderate_conversation", "Can freeze conversations and change them without being in them")]
        constraints = [
            models.UniqueConstraint(fields=["pair_key"], name="direct_once_per_pair"),
            models.UniqueConstraint(fields=["is_lobby"], condition=models.Q(is_lobby=True), name="one_lobby"),
            models.UniqueConstraint(
                fields=["name_skeleton"],
                condition=models.Q(kind="channel", deleted_at__isnull=True),
                name="public_names_look_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="direct", pair_key__isnull=False)
                | (~models.Q(kind="direct") & models.Q(pair_key__isnull=True)),
                name="direct_has_pair",
            ),
            models.CheckConstraint(condition=models.Q(message_count__lte=models.F("seq")), name="messages_take_places"),
            models.CheckConstraint(
                condition=~models.Q(kind="channel", encryption="e2ee"), name="channels_are_for_everybody"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.id}"

    def update_name_skeleton(self) -> None:
        """Set the form of the name by which public conversations are compared."""
        self.name_skeleton = skeleton(self.name) if self.kind == self.Kind.CHANNEL else None

    def has_similar_name(self) -> bool:
        """Whether another public conversation has a name that looks like this one, in upper or lower case too: a
        capital I looks like an l, but a lower-case i does not."""
        others = Conversation.objects.discoverable().exclude(id=self.id)
        looks = {skeleton(name) for name in (self.name, self.name.upper(), self.name.casefold())}
        return self.name_skeleton is not None and others.filter(name_skeleton__in=looks).exists()

    @property
    def is_direct(self) -> bool:
        return self.kind == self.Kind.DIRECT

    @property
    def is_small(self) -> bool:
        """`is_small()` for this conversation."""
        return self.kind != self.Kind.CHANNEL or self.member_count <= settings.SMALL_CHANNEL_MEMBERS

    @property
    def is_e2ee(self) -> bool:
        return self.encryption == self.Encryption.E2EE

    @property
    def pair(self) -> tuple[UUID, UUID]:
        """The ids of the two users of a direct conversation."""
        one, other = (self.pair_key or "").split(":")[:2]
        return UUID(one), UUID(other)


def pair_key(one: UUID, other: UUID, encryption: str) -> str:
    """The key of the one direct conversation of two users in this mode, in whichever order they are given."""
    low, high = sorted((one.hex, other.hex))
    return f"{low}:{high}:e2ee" if encryption == Conversation.Encryption.E2EE else f"{low}:{high}"
