"""How lists of the console find people."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.names import email_key
from chatproject.common.admin import ConsoleAdmin

FEW = 100
"""Of so many people the ids go into the query: PostgreSQL then sees how much of a large table is theirs."""


class PeopleSearchAdmin(ConsoleAdmin):
    """A list of people, or of rows that name people.

    `search_people` are the fields that hold them. People are found by words of their names, as everywhere, or by how
    their address begins. What is in `search_fields` is searched as Django does it.
    """

    search_people: tuple[str, ...] = ("user",)
    search_help_text = "Words of somebody's names, or how their e-mail address begins."

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Any, or the page shows no box."""
        return self.search_fields or self.search_people

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        named = User.objects.search(search_term).values("id")
        people = User.objects.filter(Q(id__in=named) | Q(email__startswith=email_key(search_term)))
        ids = people.values_list("id", flat=True)
        few = list(ids[: FEW + 1])
        found = reduce(or_, (Q(**{f"{field}__in": ids if len(few) > FEW else few}) for field in self.search_people))
        if self.search_fields:
            rows, _ = super().get_search_results(request, queryset, search_term)
            found |= Q(pk__in=rows.order_by().values("pk"))
        return queryset.filter(found), False
