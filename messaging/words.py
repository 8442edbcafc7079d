"""The words that a message is found by, as the database keeps them."""

from typing import Any

from django.db import models

from chatproject.common.text import words


class WordsField(models.TextField):  # type: ignore[type-arg]
    """The words of a text with spaces between them, as the database's index takes them."""

    def db_type(self, connection: Any) -> str | None:
        return "tsvector" if connection.vendor == "postgresql" else super().db_type(connection)


def indexed(text: str) -> str:
    """The words of a text as `WordsField` keeps them: each once."""
    return " ".join(dict.fromkeys(words(text)))
