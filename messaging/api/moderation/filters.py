"""`moderation/filters/…`: words and links that are not wanted, and what they would do to a text."""

from uuid import UUID

from msgspec import UNSET, structs
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from chatproject.common.views import ChangeView
from messaging import services
from messaging.api.moderation import wire
from messaging.filters import try_out
from messaging.models import Filter

NEEDED = "messaging.change_filter"


class FiltersView(StaffView):
    needs = NEEDED

    @describe("All filters, the newest first", answers={200: Page[wire.FilterState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        return Response(page(request, Filter.objects.all(), order=["-created_at", "-id"], show=_states))

    @describe("A new filter", body=wire.NewFilter, answers={201: wire.FilterState, 200: wire.FilterState})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewFilter)
        made = services.create_filter(request.user, **structs.asdict(body))
        return Response(wire.filter_state(Filter.objects.get(id=made.id)), status=status_of(made))


class FilterView(StaffView, ChangeView):
    needs = NEEDED

    @describe("Change a filter", body=wire.FilterChange, answers={200: wire.FilterState})
    def patch(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = structs.asdict(body_of(request, wire.FilterChange))
        is_broad = body.pop("is_broad")
        changes = {name: value for name, value in body.items() if value is not UNSET}
        changed = services.change_filter(request.user, filter_id=id, changes=changes, is_broad=is_broad)
        return Response(wire.filter_state(changed))

    @describe("Delete a filter", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.delete_filter(request.user, filter_id=id)
        return Response(status=204)


class TrialView(StaffView):
    needs = NEEDED

    @describe("What the filters would do to a text", body=wire.Trial, answers={200: wire.TrialResult})
    def post(self, request: SignedInRequest) -> Response:
        action, hits = try_out(body_of(request, wire.Trial).text)
        return Response(wire.TrialResult(action, [wire.Met(*hit) for hit in hits]))  # type: ignore[arg-type]


class PreviewView(StaffView):
    needs = NEEDED

    @describe("How many of the newest messages a filter would meet", body=wire.Draft, answers={200: wire.Share})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.Draft)
        return Response(wire.Share(services.share_met(request.user, kind=body.kind, pattern=body.pattern)))


def _states(filters: list[Filter]) -> list[wire.FilterState]:
    return [wire.filter_state(one) for one in filters]
