"""`notifications/`: reading them, preferences, and push setup. The lists, which show messages, are in `messaging`."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import describe
from common.viewsets import ViewSet
from notifications import providers, services, wire
from notifications.languages import ACCEPT_LANGUAGE, language_headers, request_language
from notifications.levels import preference_of


class NoticeViewSet(ViewSet):
    @describe("Count unread notifications", answers={200: wire.NoticeCounts})
    @action(detail=False)
    def count(self, request: SignedInRequest) -> Response:
        return Response(services.unread_counts(request.user, request.auth))

    @describe("Mark a notification as read", answers={200: wire.NoticeState}, headers=ACCEPT_LANGUAGE)
    @action(detail=True, methods=["post"])
    def read(self, request: SignedInRequest, id: UUID) -> Response:
        notice = services.read_notice(request.user, notice_id=id, session=request.auth)
        language = request_language(request)
        return Response(wire.notice_state(notice, is_read=True, language=language), headers=language_headers(language))

    @describe(
        "Mark all notifications as read, or those up to a given time",
        body=wire.ReadAll,
        needs_body=False,
        answers={200: wire.NoticeCounts},
    )
    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request: SignedInRequest) -> Response:
        until = body_of(request, wire.ReadAll).until
        return Response(services.read_all(request.user, until=until, session=request.auth))


class PreferencesViewSet(ViewSet):
    @describe("Get your notification preferences", answers={200: wire.Preferences})
    @action(detail=False)
    def preferences(self, request: SignedInRequest) -> Response:
        return Response(wire.preferences(preference_of(request.user)))

    @describe("Change your notification preferences", body=wire.PreferencesChange, answers={200: wire.Preferences})
    @preferences.mapping.put
    @preferences.mapping.patch
    def change_preferences(self, request: SignedInRequest) -> Response:
        change = body_of(request, wire.PreferencesChange)
        return Response(wire.preferences(services.change_preferences(request.user, change)))


class PushViewSet(ViewSet):
    @describe("Get the push providers of this server", answers={200: wire.PushSetup})
    @action(detail=False)
    def push(self, request: SignedInRequest) -> Response:
        names = providers.configured_names()
        return Response(wire.PushSetup(names, providers.public_key() if "webpush" in names else None))
