"""`conversations/{id}/members/`: who is in it, and in which role."""

from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Case, Value, When
from msgspec import UNSET
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import User
from chatproject.common.api import body_of, refuse_misplaced
from chatproject.common.errors import invalid
from chatproject.common.ids import parse_id
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from chatproject.common.views import ChangeView
from conversations import services
from conversations.api.people import SEARCH, search_of
from conversations.models import Membership
from conversations.wire import Member, MemberChange, NewMembers, member

FIELDS = MemberChange.__struct_fields__
RANK = Case(When(role="owner", then=Value(0)), When(role="admin", then=Value(1)), default=Value(2))


class MembersView(APIView):
    @describe("Members, by role, then join time", answers={200: Page[Member]}, query={**SEARCH, **PAGING})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        Membership.objects.of(request.user, id)
        rows = Membership.objects.live().filter(conversation=id).select_related("user").annotate(rank=RANK)
        if search := search_of(request):
            rows = rows.filter(user__in=User.objects.search(search))
        return Response(page(request, rows, order=["rank", "joined_at", "id"], show=lambda ms: [*map(member, ms)]))

    @describe("Add people", body=NewMembers, answers={201: list[Member]})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, NewMembers)
        user_ids = [*body.user_ids, *([body.user_id] if body.user_id else [])]
        if not user_ids:
            raise invalid("user_ids", "Name at least one person.", "required")
        added = services.add_members(Membership.objects.of(request.user, id), user_ids=user_ids, role=body.role)
        return Response([member(membership) for membership in added], status=201)


class MemberView(ChangeView):
    @describe(
        "Change a member's role, silence one, or one's own settings (`me`)", body=MemberChange, answers={200: Member}
    )
    def patch(self, request: SignedInRequest, id: UUID, user: str) -> Response:  # noqa: A002
        actor, body = Membership.objects.of(request.user, id), body_of(request, MemberChange)
        if body.silenced_until is not UNSET:
            refuse_misplaced(body, (name for name in FIELDS if name != "silenced_until"))
            user_id = _user_id(request, user)
            return Response(member(services.silence_member(actor, user_id=user_id, until=body.silenced_until)))
        if _is_me(request, user) and body.role is UNSET:
            return Response(member(services.edit_own_membership(actor, changes=_own_changes(body))))
        if body.role is UNSET:
            raise invalid("role", "Of others only the role, or until when they are silenced.", "required")
        refuse_misplaced(body, (name for name in FIELDS if name != "role"))
        return Response(member(services.change_role(actor, user_id=_user_id(request, user), role=body.role)))

    @describe("Remove a member, or leave (`me`)", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID, user: str) -> Response:  # noqa: A002
        actor = Membership.objects.of(request.user, id)
        if _is_me(request, user):
            services.leave(actor)
        else:
            services.remove_member(actor, user_id=_user_id(request, user))
        return Response(status=204)


def _is_me(request: SignedInRequest, user: str) -> bool:
    return user in ("me", str(request.user.id))


def _user_id(request: SignedInRequest, user: str) -> UUID:
    return request.user.id if _is_me(request, user) else parse_id(user)


def _own_changes(body: MemberChange) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
