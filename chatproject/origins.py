"""Origins of pages, as browsers write them, and what pages of other origins may read."""

EXPOSED_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Retry-After",
    "X-Request-Id",
)
"""Response headers that pages of other origins may read."""
DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def normalize_origins(origins: list[str]) -> list[str]:
    """Lowercase, and without the default port of the scheme: a browser's `Origin` is compared as text."""
    return [_normalize(origin.strip().lower()) for origin in origins]


def _normalize(origin: str) -> str:
    return origin.removesuffix(DEFAULT_PORTS.get(origin.partition(":")[0], ""))
