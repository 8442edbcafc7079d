"""Tokens: nothing of them is stored, the session's row says whether they still count.

An access token is a JWT, made and read by simplejwt, that names the session and its generation. A refresh token is
`<session>.<generation>.<seal>`: the family is the session, and the same generation always gives the same token.
"""

import hmac
import re
import time
from typing import Any, Self, cast
from uuid import UUID

from django.conf import settings
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from accounts.keys import keyed_hash
from accounts.models import Session
from common.errors import Refusal

MAX_LENGTH = 1024
LINK = re.compile(r"([0-9a-f]{32})\.([1-9][0-9]{9,10})\.([0-9a-f]{64})")
LINK_WINDOW = 600
"""Seconds: links made within the same window are the same, so that a browser shows again what it has."""
REFRESH = re.compile(r"([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([0-9a-f]{64})")


class AccessToken(simplejwt.AccessToken):
    """A JWT that names a session, its user and its generation. `SIMPLE_JWT` has its key, lifetime and claim names.

    `iat` and `jti` are left out. A host whose clock is behind would refuse a token for its `iat`, and no list of tokens
    is kept that would need a `jti`.
    """

    @classmethod
    def for_session(cls, session: Session) -> Self:
        """A new token for this session."""
        token = cls()
        token["sub"] = session.user_id.hex
        token["sid"] = session.id.hex
        token["gen"] = session.generation
        return token

    def set_iat(self, *args: Any, **kwargs: Any) -> None:
        """Sets none."""

    def set_jti(self) -> None:
        """Sets none."""

    @property
    def session_id(self) -> UUID:
        return UUID(self["sid"])

    @property
    def user_id(self) -> UUID:
        return UUID(self["sub"])

    @property
    def generation(self) -> int | None:
        """None in tokens of versions that did not name it."""
        return cast(int | None, self.get("gen"))

    def verify(self) -> None:
        """Raises `TokenError` when the token is of another type, never expires, or names no session and user."""
        super().verify()
        try:
            self.session_id, self.user_id  # noqa: B018
        except (KeyError, ValueError, TypeError, AttributeError):
            raise TokenError("Token names no session") from None


def access_token(session: Session) -> str:
    """An access token for this session, signed."""
    return str(AccessToken.for_session(session))


def access_seconds() -> int:
    """How long an access token lives."""
    return int(settings.ACCESS_TOKEN_LIFETIME.total_seconds())


def read_access(token: str) -> AccessToken:
    """The access token that this text is. Refuses `token_invalid` when it was not made here or has expired."""
    try:
        return _parse(token)
    except (TokenError, ValueError, TypeError):
        raise Refusal("token_invalid") from None


def session_named(token: str) -> UUID | None:
    """The session that an access token of ours names, even after the token has expired; None for any other text."""
    try:
        try:
            return _parse(token).session_id
        except ExpiredTokenError:  # so its signature is good: that is checked before the date
            return _parse(token, verify=False).session_id
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        return None


def _parse(token: str, *, verify: bool = True) -> AccessToken:
    if len(token) > MAX_LENGTH:
        raise TokenError("Token is too long")
    return AccessToken(token, verify=verify)  # type: ignore[arg-type] # a str, whatever simplejwt's annotation says


def refresh_token(session: Session) -> str:
    """The refresh token of the session's present generation."""
    return f"{session.id.hex}.{session.generation}.{_seal(session.id.hex, str(session.generation))}"


def read_refresh(token: str) -> tuple[UUID, int]:
    """The session and the generation of a refresh token. Refuses (`token_invalid`) what was not made here."""
    match = REFRESH.fullmatch(token) if len(token) <= MAX_LENGTH else None
    if not match or not hmac.compare_digest(match[3], _seal(match[1], match[2])):
        raise Refusal("token_invalid")
    return UUID(match[1]), int(match[2])


def cookie_token(cookie: str, session: Session) -> str:
    """What the browser's cookie of this name holds: it names the session and opens what this cookie is for alone."""
    return f"{session.id.hex}.{_cookie_seal(cookie, session.id.hex)}"


def read_cookie_token(cookie: str, token: str) -> UUID:
    """The session that the cookie of this name holds. Refuses `token_invalid`."""
    session, _, seal = token.partition(".")
    if not hmac.compare_digest(seal.encode(), _cookie_seal(cookie, session).encode()):
        raise Refusal("token_invalid")
    return UUID(session)


def link_token(session: Session, path: str) -> tuple[str, int]:
    """What opens the file at this path, and nothing else, for the person of this session; and for how many seconds,
    which are one to two windows."""
    now = int(time.time())
    expires_at = (now // LINK_WINDOW + 2) * LINK_WINDOW
    return f"{session.id.hex}.{expires_at}.{_link_seal(session.id.hex, str(expires_at), path)}", expires_at - now


def read_link(token: str, path: str) -> tuple[UUID, bool]:
    """The session of a link to this path, and whether it is still good. Refuses (`token_invalid`) what was not made
    here."""
    match = LINK.fullmatch(token) if len(token) <= MAX_LENGTH else None
    if not match or not hmac.compare_digest(match[3], _link_seal(match[1], match[2], path)):
        raise Refusal("token_invalid")
    return UUID(match[1]), int(match[2]) > time.time()


def _link_seal(session: str, expires_at: str, path: str) -> str:
    return keyed_hash("link", session, expires_at, path)


def _cookie_seal(cookie: str, session: str) -> str:
    return keyed_hash(cookie.removeprefix("chat_"), session)


def _seal(session: str, generation: str) -> str:
    return keyed_hash("refresh", session, generation)
