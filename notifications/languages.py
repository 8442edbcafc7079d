"""In which language somebody is told."""

from django.conf import settings

from accounts.authentication import SignedInRequest
from chatproject.common.languages import asked_for, known
from notifications.levels import preference_of
from notifications.models import Preference

ACCEPT_LANGUAGE = {"Accept-Language": "In which language `body` is, unless the preferences name one."}
"""The header that views of notices read."""


def language_of(preference: Preference, accept_language: str = "") -> str:
    """The language that this person has chosen, or else what the request asks for, or else what the last sign-in asked
    for; English where we have none of these."""
    if preference.language:
        return known(preference.language) or settings.LANGUAGE_CODE
    return asked_for(accept_language) or known(preference.last_language) or settings.LANGUAGE_CODE


def language_for(request: SignedInRequest) -> str:
    """The language of an answer to this request."""
    return language_of(preference_of(request.user), request.headers.get("Accept-Language", ""))


def headers_in(language: str) -> dict[str, str]:
    """What an answer in this language says about that, to readers and to whoever might keep it."""
    return {"Content-Language": language, "Vary": "Accept-Language"}
