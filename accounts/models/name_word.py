from django.db import connection, models

from common.text import TERM_SIZE


class NameWordQuerySet(models.QuerySet["NameWord"]):
    """Queries for the words of names."""

    def starting_with(self, prefix: str) -> "NameWordQuerySet":
        """The words with this prefix. SQLite would not use an index for LIKE, but compares by code point; PostgreSQL
        compares by locale."""
        if connection.vendor == "postgresql":
            return self.filter(word__startswith=prefix)
        return self.filter(word__gte=prefix, word__lt=f"{prefix}\U0010ffff")


class NameWord(models.Model):
    """A search term of somebody's names."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="name_words", db_index=False)
    word = models.CharField(max_length=TERM_SIZE)

    objects = NameWordQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "word"], name="name_word_once")]
        indexes = [
            models.Index(fields=["word", "user"], name="name_word", opclasses=["varchar_pattern_ops", "uuid_ops"])
        ]

    def __str__(self) -> str:
        return self.word
