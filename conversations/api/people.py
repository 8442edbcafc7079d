"""`users/`: the directory of people, as far as the caller may see them."""

from uuid import UUID

from django.db.models import Value
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import presence
from accounts.authentication import SignedInRequest
from accounts.models import User
from accounts.wire import Profile, profile
from chatproject.common.api import id_from
from chatproject.common.errors import invalid, not_found
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from conversations.people import sharing_with, shows_presence_to

LOOKED_AT = 1000
HERE = {"conversation": (str, f"Only the members of this one of mine; of a larger one the first {LOOKED_AT} by name.")}
SEARCH = {"search": (str, "Beginnings of words of a username or a full name, 1 to 100 characters.")}


class PeopleView(APIView):
    @describe("Find people", answers={200: Page[Profile]}, query={**SEARCH, **PAGING})
    def get(self, request: SignedInRequest) -> Response:
        people = User.objects.active().exclude(id=request.user.id)
        if search := search_of(request):
            people = people.search(search)
        rows = people.annotate(shows_presence=shows_presence_to(request.user.id))
        return Response(page(request, rows, order=["username_key", "id"], show=_profiles))


class OnlineView(APIView):
    @describe(
        "Who is online, of the people the caller shares a conversation with, as far as each shows it to them",
        answers={200: Page[Profile]},
        query={**HERE, **PAGING},
    )
    def get(self, request: SignedInRequest) -> Response:
        if place := id_from(request, "conversation"):
            Membership.objects.of(request.user, place)
            known = Membership.objects.live().filter(conversation=place)
        else:
            known = sharing_with(request.user.id)
        people = User.objects.active().filter(id__in=known.values("user")).exclude(id=request.user.id)
        visible = people.filter(shows_presence_to(request.user.id)).order_by("username_key")
        online = presence.online(list(visible.values_list("id", flat=True)[:LOOKED_AT]))
        rows = visible.filter(id__in=online).annotate(shows_presence=Value(True))
        return Response(page(request, rows, order=["username_key", "id"], show=_profiles))


class PersonView(APIView):
    @describe("One person", answers={200: Profile})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        people = User.objects.active().filter(id=id)
        found = list(people.annotate(shows_presence=shows_presence_to(request.user.id)))
        if not found:
            raise not_found()
        return Response(_profiles(found)[0])


def search_of(request: SignedInRequest) -> str:
    """What is searched for; nothing when it is blank. Refuses (`invalid`) what cannot be found."""
    search = request.query_params.get("search", "").strip()
    if len(search) > 100 or "\x00" in search:
        raise invalid("search", "Search for 1 to 100 characters.")
    return search


def _profiles(people: list[User]) -> list[Profile]:
    online = presence.online([user.id for user in people if user.shows_presence])  # type: ignore[attr-defined]
    return [
        profile(user, is_online=user.id in online, shows_presence=user.shows_presence)  # type: ignore[attr-defined]
        for user in people
    ]
