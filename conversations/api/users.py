"""`users/`: the directory of users, as the caller may see them."""

from uuid import UUID

from django.db.models import Value
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import presence
from accounts.authentication import SignedInRequest
from accounts.models import User
from accounts.models.user import UserQuerySet
from accounts.wire import Profile, profile
from common.api import id_from
from common.errors import invalid, not_found
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from conversations.models.membership import MembershipQuerySet
from conversations.relations import memberships_shared_with, presence_visible_to

CHECKED = 1000
IN_CONVERSATION = {
    "conversation": (
        str,
        f"Only members of this conversation, one of yours; in a large one, only the first {CHECKED} by name.",
    )
}
SEARCH = {"search": (str, "The beginning of one or more words of a username or full name, 1 to 100 characters.")}


class UserViewSet(ViewSet):
    @describe("Find users", answers={200: Page[Profile]}, query={**SEARCH, **PAGING})
    def list(self, request: SignedInRequest) -> Response:
        people = User.objects.active().exclude(id=request.user.id)
        if search := search_of(request):
            people = people.search(search)
        rows = people.annotate(shows_presence=presence_visible_to(request.user.id))
        return Response(page(request, rows, order=["username_key", "id"], show=_profiles))

    @describe(
        "List who is online, of the users who share a conversation with you and let you see it",
        answers={200: Page[Profile]},
        query={**IN_CONVERSATION, **PAGING},
    )
    @action(detail=False)
    def online(self, request: SignedInRequest) -> Response:
        rows = _online_among(_acquainted_with(request.user, id_from(request, "conversation")), request.user)
        return Response(page(request, rows, order=["username_key", "id"], show=_profiles))

    @describe("Get a user", answers={200: Profile})
    def retrieve(self, request: SignedInRequest, id: UUID) -> Response:
        people = User.objects.active().filter(id=id)
        found = list(people.annotate(shows_presence=presence_visible_to(request.user.id)))
        if not found:
            raise not_found()
        return Response(_profiles(found)[0])


def search_of(request: SignedInRequest) -> str:
    """The `search` parameter, empty if it is blank. Refuses (`invalid`) one that is too long."""
    search = request.query_params.get("search", "").strip()
    if len(search) > 100 or "\x00" in search:
        raise invalid("search", "Search for 1 to 100 characters.")
    return search


def _acquainted_with(viewer: User, conversation_id: UUID | None) -> MembershipQuerySet:
    """The memberships of this conversation, or of all users who share one with the viewer. Refuses `not_found`."""
    if conversation_id is None:
        return memberships_shared_with(viewer.id)
    Membership.objects.of(viewer, conversation_id)
    return Membership.objects.live().filter(conversation=conversation_id)


def _online_among(memberships: MembershipQuerySet, viewer: User) -> UserQuerySet:
    people: UserQuerySet = User.objects.active().filter(id__in=memberships.values("user")).exclude(id=viewer.id)
    visible = people.filter(presence_visible_to(viewer.id)).order_by("username_key")
    online = presence.online(list(visible.values_list("id", flat=True)[:CHECKED]))
    return visible.filter(id__in=online).annotate(shows_presence=Value(True))


def _profiles(people: list[User]) -> list[Profile]:
    online = presence.online([user.id for user in people if user.shows_presence])  # type: ignore[attr-defined]
    return [
        profile(user, is_online=user.id in online, shows_presence=user.shows_presence)  # type: ignore[attr-defined]
        for user in people
    ]
