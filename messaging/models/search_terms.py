"""The search terms of a message, as the database stores them."""

from typing import Any

from django.db import models

from common.text import search_terms


class SearchTermsField(models.TextField):  # type: ignore[type-arg]
    """Search terms with spaces between them, in the type that the database can index."""

    def db_type(self, connection: Any) -> str | None:
        return "tsvector" if connection.vendor == "postgresql" else super().db_type(connection)


def index_search_terms(text: str) -> str:
    """The search terms of a text as `SearchTermsField` stores them: each one once."""
    return " ".join(dict.fromkeys(search_terms(text)))
