"""Which of the languages in `LANGUAGES` somebody asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

header: ContextVar[str] = ContextVar("header", default="")
"""`Accept-Language` of the request that is served at this moment; empty where there is none."""


@contextmanager
def asking(accept_language: str) -> Iterator[None]:
    """A request with this header is served within."""
    token = header.set(accept_language)
    try:
        yield
    finally:
        header.reset(token)


def asked_for(accept_language: str) -> str:
    """The first of our languages in this header; empty where it names none of them, or is no such header."""
    tags = (tag for tag, weight in parse_accept_lang_header(accept_language) if weight)
    return next(filter(None, map(known, tags)), "")


def known(tag: str) -> str:
    """Our language with this tag (BCP 47), or else with its base; empty where there is none."""
    try:
        return get_supported_language_variant(tag.lower())
    except LookupError:
        return ""
