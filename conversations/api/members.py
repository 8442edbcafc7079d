"""`conversations/{id}/members/`: who belongs to a conversation, and in which role."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Case, Value, When
from msgspec import UNSET
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from accounts.models import User
from common.api import body_of, changes_in, refuse_misplaced
from common.errors import invalid
from common.ids import parse_id
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations import services
from conversations.api.users import SEARCH, search_of
from conversations.models import Membership
from conversations.wire import Member, MemberChange, NewMembers, member_state

RANK = Case(When(role="owner", then=Value(0)), When(role="admin", then=Value(1)), default=Value(2))
Members = list[Member]


class MemberViewSet(ViewSet):
    lookup_url_kwarg, lookup_value_converter = "user", "str"

    @describe("List members, by role, then by join time", answers={200: Page[Member]}, query={**SEARCH, **PAGING})
    def list(self, request: SignedInRequest, id: UUID) -> Response:
        Membership.objects.of(request.user, id)
        rows = Membership.objects.live().filter(conversation=id).select_related("user").annotate(rank=RANK)
        if search := search_of(request):
            rows = rows.filter(user__in=User.objects.search(search))
        return Response(page(request, rows, order=["rank", "joined_at", "id"], show=_members))

    @describe("Add members", body=NewMembers, answers={201: Members})
    def create(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, NewMembers)
        user_ids = [*body.user_ids, *([body.user_id] if body.user_id else [])]
        if not user_ids:
            raise invalid("user_ids", "Name at least one user to add.", "required")
        added = services.add_members(Membership.objects.of(request.user, id), user_ids=user_ids, role=body.role)
        return Response(_members(added), status=201)

    @describe(
        "Change a member's role, silence a member, or change your own settings (`me`)",
        body=MemberChange,
        answers={200: Member},
    )
    def partial_update(self, request: SignedInRequest, id: UUID, user: str) -> Response:
        actor, body = Membership.objects.of(request.user, id), body_of(request, MemberChange)
        return Response(member_state(_change_member(actor, user, body)))

    @describe("Remove a member, or leave (`me`)", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID, user: str) -> Response:
        actor = Membership.objects.of(request.user, id)
        if _is_me(actor, user):
            services.leave(actor)
        else:
            services.remove_member(actor, user_id=_user_id(actor, user))
        return Response(status=204)


def _members(memberships: Iterable[Membership]) -> Members:
    return [member_state(membership) for membership in memberships]


def _change_member(actor: Membership, user: str, body: MemberChange) -> Membership:
    """Silences a member, changes a role, or edits the actor's own settings: only one of these at a time."""
    if body.silenced_until is not UNSET:
        _refuse_all_but(body, "silenced_until")
        return services.silence_member(actor, user_id=_user_id(actor, user), until=body.silenced_until)
    if body.role is not UNSET:
        _refuse_all_but(body, "role")
        return services.change_role(actor, user_id=_user_id(actor, user), role=body.role)
    if _is_me(actor, user):
        return services.edit_own_membership(actor, changes=changes_in(body))
    raise invalid("role", "For other members you can only change the role or silence them.", "required")


def _refuse_all_but(body: MemberChange, name: str) -> None:
    refuse_misplaced(body, (other for other in MemberChange.__struct_fields__ if other != name))


def _is_me(actor: Membership, user: str) -> bool:
    return user in ("me", str(actor.user_id))


def _user_id(actor: Membership, user: str) -> UUID:
    return actor.user_id if _is_me(actor, user) else parse_id(user)
