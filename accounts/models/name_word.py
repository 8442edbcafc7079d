from django.db import connection, models

from chatproject.common.text import WORD_SIZE


class NameWordQuerySet(models.QuerySet["NameWord"]):
    """Reading words of names."""

    def beginning(self, begin: str) -> "NameWordQuerySet":
        """Words that begin so. SQLite uses no index for LIKE, and compares by code point; PostgreSQL by its locale."""
        if connection.vendor == "postgresql":
            return self.filter(word__startswith=begin)
        return self.filter(word__gte=begin, word__lt=f"{begin}\U0010ffff")


class NameWord(models.Model):
    """A word of somebody's names, folded, by which they are found."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="name_words", db_index=False)
    word = models.CharField(max_length=WORD_SIZE)

    objects = NameWordQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "word"], name="name_word_once")]
        indexes = [
            models.Index(fields=["word", "user"], name="name_word", opclasses=["varchar_pattern_ops", "uuid_ops"])
        ]

    def __str__(self) -> str:
        return self.word
