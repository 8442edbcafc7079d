"""Catching up over HTTP: `conversations/{id}/log/`, and `sync/` for all conversations at once."""

from functools import partial
from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of, int_of
from common.epoch import epoch
from common.openapi import PAGING, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging.reading.catching_up import catch_up, log_after, snapshot_rows
from messaging.reading.conversation_list import list_memberships
from messaging.reading.log import user_seqs
from messaging.wire.catching_up import CaughtUp, Log, Snapshot
from messaging.wire.writing import Positions

SNAPSHOT_SIZE = 100
"""How many conversations a page of a snapshot has at most: each comes with its messages."""


class SyncViewSet(ViewSet):
    @describe(
        "List everything in the log after a `seq`",
        answers={200: Log},
        query={"after": (int, "The last `seq` that you have; 0 by default.")},
    )
    @action(detail=False, url_path="conversations/<uuid:id>/log")
    def log(self, request: SignedInRequest, id: UUID) -> Response:
        membership = Membership.objects.of(request.user, id)
        return Response(log_after(membership, int_of(request, "after", 0) or 0))

    @describe(
        "Get a snapshot of all your conversations, with their last messages",
        answers={200: Snapshot},
        query={
            "per_conversation": (int, "The number of messages for each conversation: 0 to 100, 30 by default."),
            **PAGING,
            "limit": (int, "The maximum number of conversations: 1 to 100, 50 by default."),
        },
    )
    @action(detail=False, url_path="sync")
    def snapshot(self, request: SignedInRequest) -> Response:
        count = int_of(request, "per_conversation", 30, 0, 100) or 0
        # The user's seq first: what happens between the reads gets a higher one, and arrives as an event too.
        me_seq = user_seqs([request.user.id])[request.user.id]
        order = ["-conversation__active_at", "-conversation_id"]
        show = partial(snapshot_rows, request.user, count=count)
        found = page(request, list_memberships(request.user), order=order, show=show, most=SNAPSHOT_SIZE)
        return Response(Snapshot(epoch(), me_seq, found["results"], found["next"]))

    @describe("List what happened since these positions", body=Positions, answers={200: CaughtUp})
    @snapshot.mapping.post
    def catch_up(self, request: SignedInRequest) -> Response:
        return Response(catch_up(request.user, body_of(request, Positions)))
