"""`notifications/`: what was read, and how one wants to be told. The lists, which show messages, are in `messaging`."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from notifications import providers, services, wire
from notifications.levels import preference_of


class CountView(APIView):
    @describe("How many notifications are unread", answers={200: wire.NoticeCounts})
    def get(self, request: SignedInRequest) -> Response:
        return Response(services.unread_counts(request.user))


class NoticeReadView(APIView):
    @describe("This notification was read", answers={200: wire.NoticeState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        return Response(wire.notice_state(services.read_notice(request.user, notice_id=id), is_read=True))


class ReadAllView(APIView):
    @describe("All were read, or those up to a moment", body=wire.ReadAll, answers={200: wire.NoticeCounts})
    def post(self, request: SignedInRequest) -> Response:
        return Response(services.read_all(request.user, until=body_of(request, wire.ReadAll).until))


class PreferencesView(APIView):
    @describe("How I want to be told", answers={200: wire.Preferences})
    def get(self, request: SignedInRequest) -> Response:
        return Response(wire.preferences(preference_of(request.user)))

    @describe("Change how I want to be told", body=wire.PreferencesChange, answers={200: wire.Preferences})
    def patch(self, request: SignedInRequest) -> Response:
        change = body_of(request, wire.PreferencesChange)
        return Response(wire.preferences(services.change_preferences(request.user, change)))


class PushView(APIView):
    @describe("Where this server can push to", answers={200: wire.PushSetup})
    def get(self, request: SignedInRequest) -> Response:
        names = providers.configured()
        return Response(wire.PushSetup(names, providers.public_key() if "webpush" in names else None))
