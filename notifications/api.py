"""`notifications/`: what was read, and how one wants to be told. The lists, which show messages, are in `messaging`."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from chatproject.common.views import ChangeView
from notifications import providers, services, wire
from notifications.languages import ACCEPT_LANGUAGE, headers_in, language_for
from notifications.levels import preference_of


class CountView(APIView):
    @describe("How many notifications are unread", answers={200: wire.NoticeCounts})
    def get(self, request: SignedInRequest) -> Response:
        return Response(services.unread_counts(request.user, request.auth))


class NoticeReadView(APIView):
    @describe("This notification was read", answers={200: wire.NoticeState}, headers=ACCEPT_LANGUAGE)
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        notice = services.read_notice(request.user, notice_id=id, session=request.auth)
        language = language_for(request)
        return Response(wire.notice_state(notice, is_read=True, language=language), headers=headers_in(language))


class ReadAllView(APIView):
    @describe(
        "All were read, or those up to a moment", body=wire.ReadAll, needs_body=False, answers={200: wire.NoticeCounts}
    )
    def post(self, request: SignedInRequest) -> Response:
        until = body_of(request, wire.ReadAll).until
        return Response(services.read_all(request.user, until=until, session=request.auth))


class PreferencesView(ChangeView):
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
