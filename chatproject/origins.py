"""Origins of pages, as browsers write them."""

DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def as_browsers_write(origins: list[str]) -> list[str]:
    """In small letters, and without the port that the scheme has anyway: a browser's `Origin` is compared as text."""
    return [_plain(origin.strip().lower()) for origin in origins]


def _plain(origin: str) -> str:
    return origin.removesuffix(DEFAULT_PORTS.get(origin.partition(":")[0], ""))
