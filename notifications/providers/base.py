"""What is pushed, to whom it is given, and what became of it."""

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

from chatproject.common import endpoints
from chatproject.common.deadlines import within
from chatproject.common.endpoints import Forbidden, Unreachable

P = TypeVar("P")
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Push(msgspec.Struct, frozen=True):
    """One notification. `data` is for the app (ids; texts only where the caller may show them), `badge` how much is
    unread, `ttl` the seconds for which it is worth delivering. A newer one with the same `tag` replaces it."""

    title: str
    body: str
    data: dict[str, str]
    tag: str
    badge: int
    ttl: int
    is_urgent: bool

    @property
    def topic(self) -> str:
        """The tag as every provider takes it: at most 32 letters of base64url."""
        if not self.tag or TOPIC.fullmatch(self.tag):
            return self.tag
        return base64.urlsafe_b64encode(hashlib.sha256(self.tag.encode()).digest()).decode()[:32]


class Verdict(Enum):
    """What to do now: nothing; forget the device; try again; give this push up."""

    SENT = "sent"
    GONE = "gone"
    LATER = "later"
    REFUSED = "refused"


class Outcome(NamedTuple):
    """`reason` is for people and never holds a token, an address or a key; `retry_after` is in seconds."""

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None


class Provider(Protocol):
    """A way to devices."""

    name: str

    def lane(self, token: str) -> str:
        """The host outside that a push to this token depends on: what fails for one fails for all of its lane."""

    def send(self, token: str, push: Push) -> Outcome:
        """Push to the device. Never raises, and takes `endpoints.SECONDS` at most."""


def never_raising(send: Callable[[P, str, Push], Outcome]) -> Callable[[P, str, Push], Outcome]:
    """For `send` of a provider: within `endpoints.SECONDS` there is an outcome, whatever happens."""

    @wraps(send)
    def sent(provider: P, token: str, push: Push) -> Outcome:
        try:
            with within(endpoints.SECONDS):
                return send(provider, token, push)
        except Forbidden:
            return Outcome(Verdict.REFUSED, "forbidden address")
        except Unreachable as error:
            return Outcome(Verdict.LATER, str(error))
        except TimeoutError:
            return Outcome(Verdict.LATER, "timeout")
        except Exception as error:  # a fault of ours or of a library; what it says may hold the token
            return Outcome(Verdict.LATER, type(error).__name__)

    return sent


def outcome_of(status: int, headers: Mapping[str, str]) -> Outcome:
    """What a status means, where nothing else is known."""
    if 200 <= status < 300:
        return Outcome(Verdict.SENT)
    if status in (408, 425, 429) or status >= 500:
        return Outcome(Verdict.LATER, f"HTTP {status}", retry_after(headers))
    return Outcome(Verdict.REFUSED, f"HTTP {status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait, from either form of `Retry-After`; None without a readable one."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
