"""Which of the languages in `LANGUAGES` a client asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

accept_language_header: ContextVar[str] = ContextVar("accept_language_header", default="")
"""`Accept-Language` of the current request; empty if there is none."""


@contextmanager
def serving_request_with(accept_language: str) -> Iterator[None]:
    """Set the header of the request that is served within this block."""
    token = accept_language_header.set(accept_language)
    try:
        yield
    finally:
        accept_language_header.reset(token)


def requested_language(accept_language: str) -> str:
    """The first supported language in this header; empty if it names none or is malformed."""
    tags = (tag for tag, weight in parse_accept_lang_header(accept_language) if weight)
    return next(filter(None, map(supported_language, tags)), "")


def supported_language(tag: str) -> str:
    """The supported language with this tag (BCP 47), or with its base; empty if there is none."""
    try:
        return get_supported_language_variant(tag.lower())
    except LookupError:
        return ""
