"""Buttons of the console that would open another page than their own."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver

from chatproject.checks.found import Found


@register
def check_console(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Each page of the console has a name and an address of its own. A button is named after its method: one called
    `change` would lead to Django's page of that name."""
    pages = list(_pages(admin.site.get_urls()))
    names = Counter(f"the name {name}" for name, _ in pages if name)
    addresses = Counter(f"the address {address}" for _, address in pages)
    hint = "Give the method of the button, or its path, another name."
    twice = [one for one, count in (names + addresses).items() if count > 1]
    return [Error(f"Two pages of the console have {one}.", hint=hint, id="chatproject.E030") for one in twice]


def _pages(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str | None, str]]:
    for pattern in patterns:
        address = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern.url_patterns, address)
        else:
            yield pattern.name, address
