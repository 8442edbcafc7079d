"""`moderation/filters/`: unwanted words and links, and what the filters would do to a text."""

from uuid import UUID

from msgspec import structs
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.staff import StaffViewSet
from accounts.authentication import SignedInRequest
from common.api import body_of, changes_in
from common.idempotency import created_status
from common.openapi import PAGING, Page, describe
from common.pagination import page
from messaging.models import Filter
from messaging.moderation import services as moderation
from messaging.moderation.api import wire
from messaging.writing.filters import try_filters


class FilterViewSet(StaffViewSet):
    needs = "messaging.change_filter"

    @describe("List all filters, newest first", answers={200: Page[wire.FilterState]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        return Response(page(request, Filter.objects.all(), order=["-created_at", "-id"], show=_states))

    @describe("Create a filter", body=wire.NewFilter, answers={201: wire.FilterState, 200: wire.FilterState})
    def create(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewFilter)
        made = moderation.create_filter(request.user, **structs.asdict(body))
        return Response(wire.filter_state(Filter.objects.get(id=made.id)), status=created_status(made))

    @describe("Change a filter", body=wire.FilterChange, answers={200: wire.FilterState})
    def partial_update(self, request: SignedInRequest, id: UUID) -> Response:
        changes = changes_in(body_of(request, wire.FilterChange))
        is_broad = changes.pop("is_broad")
        changed = moderation.change_filter(request.user, filter_id=id, changes=changes, is_broad=is_broad)
        return Response(wire.filter_state(changed))

    @describe("Delete a filter", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID) -> Response:
        moderation.delete_filter(request.user, filter_id=id)
        return Response(status=204)

    @describe("Try the filters on a text", body=wire.Trial, answers={200: wire.TrialResult})
    @action(detail=False, methods=["post"], url_path="test")
    def try_out(self, request: SignedInRequest) -> Response:
        action, hits = try_filters(body_of(request, wire.Trial).text)
        return Response(wire.TrialResult(action, [wire.Met(*hit) for hit in hits]))  # type: ignore[arg-type]

    @describe(
        "Get the share of the newest messages that a filter would match", body=wire.Draft, answers={200: wire.Share}
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.Draft)
        return Response(wire.Share(moderation.measure_match_share(request.user, kind=body.kind, pattern=body.pattern)))


def _states(filters: list[Filter]) -> list[wire.FilterState]:
    return [wire.filter_state(found) for found in filters]
