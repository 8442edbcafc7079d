"""Searching for people in the lists of the console."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.names import email_key
from common.admin import ConsoleAdmin

MAX_IDS_IN_QUERY = 100
"""Up to this many people, their IDs go into the query, so that PostgreSQL can estimate how many rows they have."""


class PeopleSearchAdmin(ConsoleAdmin):
    """A list of people, or of rows that belong to people.

    `search_people` are the fields that refer to them. People are found by their names, as everywhere, or by the
    beginning of their e-mail address. `search_fields` are searched as Django does it.
    """

    search_people: tuple[str, ...] = ("user",)
    search_help_text = "Search by name, or by the beginning of an e-mail address."

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Must not be empty, or the page has no search box."""
        return self.search_fields or self.search_people

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        named = User.objects.search(search_term).values("id")
        people = User.objects.filter(Q(id__in=named) | Q(email__startswith=email_key(search_term)))
        ids = people.values_list("id", flat=True)
        first = list(ids[: MAX_IDS_IN_QUERY + 1])
        wanted = ids if len(first) > MAX_IDS_IN_QUERY else first
        found = reduce(or_, (Q(**{f"{field}__in": wanted}) for field in self.search_people))
        if self.search_fields:
            rows, _ = super().get_search_results(request, queryset, search_term)
            found |= Q(pk__in=rows.order_by().values("pk"))
        return queryset.filter(found), False
