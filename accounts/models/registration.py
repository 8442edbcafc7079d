from django.db import models
from django.db.models.functions import Now

from accounts.names import asked_words, email_key, username_key
from chatproject.common.ids import uuid7
from chatproject.common.text import name_words


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Reading who waits for a code."""

    def by_login(self, login: str) -> "RegistrationQuerySet":
        """Registrations with this e-mail address or username, the newest first."""
        named = {"email": email_key(login)} if "@" in login else {"username_key": username_key(login.strip())}
        return self.filter(**named).order_by("-created_at", "-id")

    def search(self, text: str) -> "RegistrationQuerySet":
        """Registrations whose names are found as those of people are, or whose address begins so. Few wait, and not for
        long, so that their words are kept nowhere."""
        asked = asked_words(text)
        names = self.values_list("id", "username", "full_name") if asked else ()
        found = [id_ for id_, *named in names if _are_in(asked, name_words(*named))]
        return self.filter(models.Q(id__in=found) | models.Q(email__startswith=email_key(text)))


def _are_in(asked: list[str], names: list[str]) -> bool:
    return all(any(name.startswith(word) for name in names) for word in asked)


class Registration(models.Model):
    """Somebody has registered, and their address is not confirmed yet.

    Its code completes this registration and no other, and nobody else's replaces it: several may wait at one address.
    The person then has its id. At an address that belongs to somebody it looks the same, and is never completed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    username = models.CharField(max_length=32)
    username_key = models.CharField(max_length=64)
    full_name = models.CharField(max_length=100, blank=True)
    password = models.CharField(max_length=128)
    created_at = models.DateTimeField(db_default=Now())

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["email"], name="registration_by_email"),
            models.Index(fields=["username_key"], name="registration_by_username"),
            models.Index(fields=["created_at"], name="registration_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.username} ({self.reference})"

    @property
    def reference(self) -> str:
        """What its mails are marked with, so that people can tell them from those of another registration."""
        return self.id.hex[-4:].upper()
