"""The interface of push providers: the push, the provider, and the outcome."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import wraps
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from common import outbound
from common.deadlines import within
from common.outbound import ForbiddenAddress, Unreachable

P = TypeVar("P")
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Push(msgspec.Struct, frozen=True):
    """One notification. `data` is for the app (IDs, and texts only if the caller allows them), `badge` is the number of
    unread notices, `ttl` how many seconds it is worth delivering. A later push with the same `tag` replaces it."""

    title: str
    body: str
    data: dict[str, str]
    tag: str
    badge: int
    ttl: int
    is_urgent: bool

    @property
    def topic(self) -> str:
        """The tag in the form that every provider accepts: at most 32 characters of base64url."""
        if not self.tag or TOPIC.fullmatch(self.tag):
            return self.tag
        return base64.urlsafe_b64encode(hashlib.sha256(self.tag.encode()).digest()).decode()[:32]


class Verdict(Enum):
    """What to do next: nothing, forget the device, try again later, or give up this push."""

    SENT = "sent"
    GONE = "gone"
    LATER = "later"
    REFUSED = "refused"


class Outcome(NamedTuple):
    """What became of a push. `reason` is for people and never holds a token, an address or a key; `retry_after` is in
    seconds."""

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None


class Provider(Protocol):
    """A service that delivers pushes to devices."""

    name: str

    def host_of(self, token: str) -> str:
        """The host that a push to this token goes to: if it fails for one token, it probably fails for all."""

    def send(self, token: str, push: Push) -> Outcome:
        """Push to the device. Never raises, and takes at most `outbound.SECONDS`."""


def never_raises(send: Callable[[P, str, Push], Outcome]) -> Callable[[P, str, Push], Outcome]:
    """Decorates a provider's `send`: it returns an outcome within `outbound.SECONDS`, whatever happens."""

    @wraps(send)
    def safe_send(provider: P, token: str, push: Push) -> Outcome:
        try:
            with within(outbound.SECONDS):
                return send(provider, token, push)
        except ForbiddenAddress:
            return Outcome(Verdict.REFUSED, "forbidden address")
        except Unreachable as error:
            return Outcome(Verdict.LATER, str(error))
        except TimeoutError:
            return Outcome(Verdict.LATER, "timeout")
        except Exception as error:  # our own or a library's error, whose message may hold the token
            return Outcome(Verdict.LATER, type(error).__name__)

    return safe_send


def outcome_of(status: int, headers: Mapping[str, str]) -> Outcome:
    """The outcome for an HTTP status, if nothing else is known."""
    if 200 <= status < 300:
        return Outcome(Verdict.SENT)
    if status in (408, 425, 429) or status >= 500:
        return Outcome(Verdict.LATER, f"HTTP {status}", retry_after(headers))
    return Outcome(Verdict.REFUSED, f"HTTP {status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait, from either form of `Retry-After`; None if it is missing or malformed."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
