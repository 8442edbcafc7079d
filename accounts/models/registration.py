from django.db import models
from django.db.models.functions import Now

from accounts.names import email_key, query_terms, username_key
from common.ids import uuid7
from common.text import name_search_terms


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Queries for registrations."""

    def by_login(self, login: str) -> "RegistrationQuerySet":
        """The registrations with this e-mail address or username, newest first."""
        named = {"email": email_key(login)} if "@" in login else {"username_key": username_key(login.strip())}
        return self.filter(**named).order_by("-created_at", "-id")

    def search(self, text: str) -> "RegistrationQuerySet":
        """The registrations whose names match, as in a search for people, or whose address begins with this text. There
        are few of them, for a short time, so their names are not indexed."""
        query = query_terms(text)
        rows = self.values_list("id", "username", "full_name") if query else ()
        found = [id_ for id_, *names in rows if _matches(query, name_search_terms(*names))]
        return self.filter(models.Q(id__in=found) | models.Q(email__startswith=email_key(text)))


def _matches(query: list[str], terms: list[str]) -> bool:
    return all(any(term.startswith(word) for term in terms) for word in query)


class Registration(models.Model):
    """A registration whose address is not confirmed yet.

    Its code completes only this registration, and other registrations for the address do not replace it. The user then
    gets its ID. If the address already has an account, the registration looks the same, but can never be completed.
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
        """The mark in its mails, which tells them from those of another registration."""
        return self.id.hex[-4:].upper()
