from django.db import models
from django.db.models.functions import Now

from accounts.models import User
from common.compiled import Parameter
from common.ids import uuid7
from common.loading import QuicklyLoaded
from conversations.models import Membership
from messaging.models.search_terms import SearchTermsField


class MessageQuerySet(models.QuerySet["Message"]):
    """Queries for messages."""

    def visible_to(self, user: User | Parameter) -> "MessageQuerySet":
        """The messages that `user` can see: in their conversations, from where their view begins."""
        memberships = Membership.objects.live().filter(
            user=user,
            conversation=models.OuterRef("conversation_id"),
            visible_from_seq__lt=models.OuterRef("seq"),
        )
        return self.filter(models.Exists(memberships))

    def in_view_of(self, membership: Membership) -> "MessageQuerySet":
        """The messages of a conversation that this member can see."""
        return self.filter(conversation_id=membership.conversation_id, seq__gt=membership.visible_from_seq)

    def shown(self) -> "MessageQuerySet":
        """Messages with everything that it takes to show them, and nothing else, in one query."""
        own = [field.name for field in Message._meta.concrete_fields if field.name not in ("words", "body_hash")]
        quoted = ["reply_to__seq", "reply_to__content", "reply_to__content_type", "reply_to__deleted_at"]
        people = [f"{path}__{name}" for path in ("sender", "reply_to__sender") for name in User.SHOWN_FIELDS]
        return self.select_related("sender", "reply_to", "reply_to__sender").only(*own, *quoted, *people)


class Message(QuicklyLoaded):
    """A message: an entry in a conversation's log that a member wrote.

    `seq` numbers all entries of the log, `number` only the messages, without gaps; `changed_seq` is the seq at which
    the message last changed. `(sender, client_id)` is unique forever, and `body_hash` tells a retry from a conflict.
    Deleting leaves the row as a tombstone without content.

    A thread consists of the messages whose `thread` is its first message, which counts them. Three columns hold what
    clients are shown, and are written with every change: `reactions`; `mentions`, the ids of the mentioned members
    without those of `@all`; and `attachments`.

    In an end-to-end encrypted conversation there is an `envelope` instead of content; `edit_id` is the `client_id`
    under which an edit was sealed.

    Code that writes `content` also writes `words`, the search terms: `index_search_terms(content)`.
    """

    class ContentType(models.TextChoices):
        TEXT = "text"
        IMAGE = "image"
        VIDEO = "video"
        AUDIO = "audio"
        FILE = "file"
        ENCRYPTED = "encrypted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        "conversations.Conversation", models.CASCADE, related_name="messages", db_index=False
    )
    seq = models.BigIntegerField()
    number = models.BigIntegerField()
    changed_seq = models.BigIntegerField()
    sender = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", db_index=False)
    client_id = models.CharField(max_length=64)
    body_hash = models.BinaryField(max_length=16)
    content_type = models.CharField(max_length=9, choices=ContentType, default=ContentType.TEXT)
    content = models.TextField(blank=True)
    envelope = models.JSONField(null=True)
    edit_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    words = SearchTermsField(blank=True, default="", db_default="", editable=False)
    metadata = models.JSONField(null=True)
    reply_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    thread = models.ForeignKey("self", models.PROTECT, null=True, related_name="thread_replies", db_index=False)
    reply_count = models.PositiveIntegerField(default=0, db_default=0)
    mentions = models.JSONField(null=True)
    mentions_all = models.BooleanField(default=False, db_default=False)
    reactions = models.JSONField(null=True)
    attachments = models.JSONField(null=True)
    pinned_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("read_transcript", "Can read what was said in any conversation")]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_message_per_place"),
            models.UniqueConstraint(fields=["sender", "client_id"], name="message_once_per_client_id"),
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True)
                | models.Q(
                    content="",
                    envelope__isnull=True,
                    words="",
                    metadata__isnull=True,
                    mentions__isnull=True,
                    mentions_all=False,
                    reactions__isnull=True,
                    attachments__isnull=True,
                    pinned_at__isnull=True,
                ),
                name="tombstone_is_empty",
            ),
        ]
        # Foreign keys have no index of their own if a constraint's index serves: each one slows down every insert.
        indexes = [
            models.Index(fields=["reply_to"], condition=models.Q(reply_to__isnull=False), name="message_replies"),
            models.Index(fields=["thread", "seq"], condition=models.Q(thread__isnull=False), name="message_by_thread"),
            models.Index(
                fields=["conversation", "pinned_at"], condition=models.Q(pinned_at__isnull=False), name="message_pinned"
            ),
            models.Index(
                fields=["conversation", "number"], condition=models.Q(mentions_all=True), name="message_mentions_all"
            ),
            # Unread counts subtract the tombstones after a read mark: usually none.
            models.Index(
                fields=["conversation", "number"],
                condition=models.Q(deleted_at__isnull=False),
                name="message_tombstones",
            ),
            # Unread counts also leave out the messages of blocked users.
            models.Index(
                fields=["conversation", "sender", "number"],
                condition=models.Q(deleted_at__isnull=True),
                name="message_by_sender",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} in {self.conversation_id}"
