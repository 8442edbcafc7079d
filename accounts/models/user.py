from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.models.name_word import NameWord
from accounts.names import SKELETON_SIZE, email_key, query_terms, skeleton, username_key
from accounts.typed_input import canonical_password, password_spellings
from common.compiled import CompiledQuery, Parameters
from common.ids import uuid7
from common.loading import QuicklyLoaded


class UserQuerySet(models.QuerySet["User"]):
    """Queries for people."""

    def active(self) -> "UserQuerySet":
        """People who can be found: not suspended, with a confirmed address, and not about to be erased."""
        return self.filter(is_active=True, email_verified_at__isnull=False, erase_at__isnull=True)

    def named(self, username: str) -> "UserQuerySet":
        """The people with this username or one that looks like it."""
        return self.filter(Q(username_key=username_key(username)) | Q(username_skeleton=skeleton(username)))

    def search(self, text: str) -> "UserQuerySet":
        """The people whose names have words that begin with those of `text`, folded like messages in a search. A text
        without words, or an e-mail address, finds nobody."""
        terms = query_terms(text)
        found = self if terms else self.none()
        for term in terms:
            found = found.filter(id__in=NameWord.objects.starting_with(term).values("user"))
        return found

    def by_login(self, login: str) -> "UserQuerySet":
        """The person with this e-mail address or username; surrounding blanks are ignored."""
        if "@" in login:
            return self.filter(email=email_key(login))
        return self.filter(username_key=username_key(login.strip()))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str) -> "User":
        """Used by the console's sign-in: by e-mail address or username, as everywhere."""
        user: User = self.by_login(username).get()
        return user

    def lock(self, user: "User") -> "User":
        """The person, reloaded, with the row locked until the transaction ends."""
        locked: User = self.select_for_update(no_key=True).get(id=user.pk)
        return locked

    def lock_all(self, user_ids: Iterable[UUID]) -> None:
        """Lock the rows of these people until the transaction ends, in the order of their IDs, so that transactions do
        not deadlock. Lock conversations first."""
        if ids := list(user_ids):
            _lock_all(ids=ids)

    def bump(self, user_ids: Iterable[UUID]) -> dict[UUID, int]:
        """Increment the `seq` of these people and return the new values. Call it last in a transaction, after the
        conversations are locked."""
        ids = list(user_ids)
        if not ids:
            return {}
        self.lock_all(ids)
        self.filter(id__in=ids).update(seq=F("seq") + 1)
        return dict(self.filter(id__in=ids).values_list("id", "seq"))


@CompiledQuery
def _lock_all() -> Any:
    users = User.objects.filter(id__in=Parameters("ids")).order_by("id")
    return users.select_for_update(no_key=True).values_list("id")


class User(QuicklyLoaded, AbstractBaseUser, PermissionsMixin):
    """A person with an account.

    `seq` numbers everything that the person's devices must get beside the conversations' logs (being added or removed,
    own read marks, an ended session), so that a lost publication shows as a gap. A suspended person is not `is_active`
    until `suspended_until`, or without it until an operator restores them. A person who asked for deletion is erased at
    `erase_at`; the row stays, without personal data, as the sender of their messages.
    """

    class Presence(models.TextChoices):
        EVERYONE = "everyone"
        CONTACTS = "contacts"
        NOBODY = "nobody"

    class WhoCanAdd(models.TextChoices):
        """Who may add this person to groups without asking."""

        EVERYONE = "everyone"
        CONTACTS = "contacts"
        NOBODY = "nobody"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(max_length=32)
    username_key = models.CharField(max_length=64, editable=False)
    username_skeleton = models.CharField(max_length=SKELETON_SIZE, editable=False)
    email = models.EmailField(max_length=254, null=True, blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    full_name = models.CharField(max_length=100, blank=True)
    bio = models.CharField(max_length=500, blank=True)
    avatar_url = models.CharField(max_length=200, blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    suspended_until = models.DateTimeField(null=True, editable=False)
    is_staff = models.BooleanField(default=False)
    read_receipts = models.BooleanField(default=True)
    typing = models.BooleanField(default=True)
    presence = models.CharField(max_length=8, choices=Presence, default=Presence.CONTACTS)
    who_can_add_me = models.CharField(
        max_length=8, choices=WhoCanAdd, default=WhoCanAdd.EVERYONE, db_default=WhoCanAdd.EVERYONE
    )
    seq = models.BigIntegerField(default=0, editable=False)
    console_generation = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    erase_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    SHOWN_FIELDS = ("username", "full_name", "avatar_url")
    """What `accounts.wire.person` shows, besides the id."""

    USERNAME_FIELD = "username_key"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        permissions = [
            ("suspend_user", "Can suspend and restore people"),
            ("end_user_sessions", "Can sign people out"),
            ("resend_user_code", "Can send people a new code"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["username_key"], name="username_unique"),
            models.UniqueConstraint(fields=["username_skeleton"], name="username_looks_unique"),
            models.UniqueConstraint(fields=["email"], name="email_unique"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(email__isnull=True, is_active=False), name="erased_is_empty"
            ),
            models.CheckConstraint(
                condition=Q(suspended_until__isnull=True) | Q(is_active=False), name="suspended_is_not_active"
            ),
        ]
        indexes = [
            models.Index(fields=["username_key"], name="username_prefix", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["erase_at"], condition=Q(erase_at__isnull=False), name="user_to_erase"),
            models.Index(
                fields=["suspended_until"], condition=Q(suspended_until__isnull=False), name="user_to_restore"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def save(self, *args: object, **kwargs: object) -> None:
        """Also stores the keys that usernames are compared by."""
        self.rename(self.username)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def set_password(self, raw_password: str | None) -> None:
        """Store the hash of the canonical form of this password."""
        super().set_password(None if raw_password is None else canonical_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Whether this is the password, in any spelling. A hash that an earlier version made of another spelling is
        replaced by that of the canonical one."""
        for spelling in password_spellings(raw_password or ""):
            if super().check_password(spelling):
                if spelling != canonical_password(spelling):
                    self.set_password(spelling)
                    self.save(update_fields=["password"])
                return True
        return False

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Ties a session of the console to the password, and to `console_generation`, which ends it."""
        proof = f"{self.password}\x00{self.console_generation}"
        return salted_hmac("accounts.console", proof, secret=secret, algorithm="sha256").hexdigest()

    def rename(self, username: str) -> None:
        """Set the username and the keys that it is compared by."""
        self.username, self.username_key, self.username_skeleton = username, username_key(username), skeleton(username)
