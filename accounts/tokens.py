"""Tokens: nothing of them is stored, the session's row says whether they still count.

An access token is a JWT that names the session and its generation. A refresh token is `<session>.<generation>.<seal>`:
the family is the session, and the same generation always gives the same token.
"""

import hmac
import re
import time
from uuid import UUID

import jwt
from django.conf import settings

from accounts.keys import derived_key, keyed_hash
from accounts.models import Session
from chatproject.common.errors import Refusal

MAX_LENGTH = 1024
LINK = re.compile(r"([0-9a-f]{32})\.([1-9][0-9]{9,10})\.([0-9a-f]{64})")
LINK_WINDOW = 600
"""Seconds: links made within the same window are the same, so that a browser shows again what it has."""
REFRESH = re.compile(r"([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([0-9a-f]{64})")


def access_token(session: Session) -> str:
    """An access token for this session."""
    now = int(time.time())
    claims = {
        "sub": session.user_id.hex,
        "sid": session.id.hex,
        "gen": session.generation,
        "typ": "access",
        "iat": now,
        "exp": now + access_seconds(),
    }
    return jwt.encode(claims, derived_key("access"), "HS256")


def access_seconds() -> int:
    """How long an access token lives."""
    return int(settings.ACCESS_TOKEN_LIFETIME.total_seconds())


def read_access(token: str) -> tuple[UUID, UUID, int | None]:
    """The session, the person and the generation that an access token names; those of earlier versions name none.
    Refuses (`token_invalid`) whatever is not one."""
    if len(token) > MAX_LENGTH:
        raise Refusal("token_invalid")
    options = {"require": ["sub", "sid", "typ", "exp"], "verify_iat": False}  # clocks of several hosts differ
    try:
        claims = jwt.decode(token, derived_key("access"), algorithms=["HS256"], options=options)  # type: ignore[arg-type]
        if claims["typ"] != "access":
            raise Refusal("token_invalid")
        return UUID(claims["sid"]), UUID(claims["sub"]), claims.get("gen")
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        raise Refusal("token_invalid") from None


def session_named(token: str) -> UUID | None:
    """The session that an access token names which was made here, even if it has expired; None for any other text."""
    options = {"verify_exp": False, "verify_iat": False}
    try:
        return UUID(jwt.decode(token[:MAX_LENGTH], derived_key("access"), ["HS256"], options)["sid"])  # type: ignore[arg-type]
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
        return None


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
