"""The language of somebody's notifications."""

from django.conf import settings

from accounts.authentication import SignedInRequest
from common.languages import requested_language, supported_language
from notifications.levels import preference_of
from notifications.models import Preference

ACCEPT_LANGUAGE = {"Accept-Language": "The language of `body`, unless the preferences name one."}
"""The request header that views of notices read, for their documentation."""


def language_of(preference: Preference, accept_language: str = "") -> str:
    """The language that this person has chosen, or else the one that the request asks for, or else the one that their
    last sign-in asked for; English if none of these is supported."""
    if preference.language:
        return supported_language(preference.language) or settings.LANGUAGE_CODE
    return requested_language(accept_language) or supported_language(preference.last_language) or settings.LANGUAGE_CODE


def request_language(request: SignedInRequest) -> str:
    """The language of the response to this request."""
    return language_of(preference_of(request.user), request.headers.get("Accept-Language", ""))


def language_headers(language: str) -> dict[str, str]:
    """The headers of a response in this language, for readers and for caches."""
    return {"Content-Language": language, "Vary": "Accept-Language"}
