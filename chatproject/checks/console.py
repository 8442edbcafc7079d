"""Check that no two pages of the console collide."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver

from chatproject.checks.base import Messages


@register
def check_console(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Each page of the console has a unique name and URL. A button's page is named after its method, so a method called
    `change` would open Django's page of that name."""
    pages = list(_pages(admin.site.get_urls()))
    names = Counter(f"the name {name}" for name, _ in pages if name)
    urls = Counter(f"the URL {url}" for _, url in pages)
    hint = "Rename the button's method, or its path."
    duplicates = [duplicate for duplicate, count in (names + urls).items() if count > 1]
    return [Error(f"Two console pages have {duplicate}.", hint=hint, id="chatproject.E030") for duplicate in duplicates]


def _pages(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str | None, str]]:
    for pattern in patterns:
        url = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern.url_patterns, url)
        else:
            yield pattern.name, url
