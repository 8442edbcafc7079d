from django.db import models
from django.db.models.functions import Now

from accounts.models import User
from chatproject.common.ids import uuid7
from conversations.models import Membership
from messaging.words import WordsField


class MessageQuerySet(models.QuerySet["Message"]):
    """Reading messages."""

    def visible_to(self, user: User) -> "MessageQuerySet":
        """What `user` may see: in conversations they are a member of, from where their view begins."""
        mine = Membership.objects.live().filter(
            user=user,
            conversation=models.OuterRef("conversation_id"),
            visible_from_seq__lt=models.OuterRef("seq"),
        )
        return self.filter(models.Exists(mine))

    def in_view_of(self, membership: Membership) -> "MessageQuerySet":
        """What this member may see of their conversation."""
        return self.filter(conversation_id=membership.conversation_id, seq__gt=membership.visible_from_seq)

    def shown(self) -> "MessageQuerySet":
        """With everything that showing a message needs, in one query."""
        return self.select_related("sender", "reply_to", "reply_to__sender").defer(
            "words", "reply_to__words", "reply_to__envelope"
        )


class Message(models.Model):
    """A place in a conversation's log that somebody wrote.

    `number` counts messages without holes besides `seq`, which counts everything; `changed_seq` is the place at which
    the message last changed. `(sender, client_id)` is unique for ever and `body_hash` tells a retry from a clash.
    Deleting leaves the row as a tombstone without content.

    A thread is the messages that name its first one as `thread`; that one counts them. `reactions` is what is shown of
    the reactions, written with each of them; `mentions` are the ids of the members named, without those of `@all`;
    `attachments` is what is shown of its files, written whenever one of them changes.

    In an end-to-end conversation there is an `envelope` instead of a content; `edit_id` is the `client_id` under which
    it was sealed if that was for an edit.

    Whoever writes `content` writes `words` too: `indexed(content)`, by which the message is found.
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
    words = WordsField(blank=True, default="", db_default="", editable=False)
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
        # Foreign keys have no index of their own where a constraint's serves: each costs every message.
        indexes = [
            models.Index(fields=["reply_to"], condition=models.Q(reply_to__isnull=False), name="message_replies"),
            models.Index(fields=["thread", "seq"], condition=models.Q(thread__isnull=False), name="message_by_thread"),
            models.Index(
                fields=["conversation", "pinned_at"], condition=models.Q(pinned_at__isnull=False), name="message_pinned"
            ),
            models.Index(
                fields=["conversation", "number"], condition=models.Q(mentions_all=True), name="message_mentions_all"
            ),
            # Unread counts subtract the tombstones behind a mark: usually none.
            models.Index(
                fields=["conversation", "number"],
                condition=models.Q(deleted_at__isnull=False),
                name="message_tombstones",
            ),
            # They also leave out what blocked people wrote.
            models.Index(
                fields=["conversation", "sender", "number"],
                condition=models.Q(deleted_at__isnull=True),
                name="message_by_sender",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} in {self.conversation_id}"
