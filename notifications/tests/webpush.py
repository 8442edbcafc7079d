"""A fake push service on this machine with its browsers, so that tests can decrypt pushes.

with WebPushServer() as service:
    settings.PUSH_TO_LOOPBACK = True                 # or Server(env=service.env)
    browser = service.subscribe()                    # browser.token is what a device has
    assert service.wait_for(1)[0].payload["title"] == "alice"
"""

import base64
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chatproject.tests import canaries
from notifications.tests.loopback import LoopbackServer, Reply, Request


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser(NamedTuple):
    """One that has subscribed. `token` is the subscription as JSON, as a device of `accounts` holds it."""

    id: str
    token: str
    key: ec.EllipticCurvePrivateKey
    secret: bytes


class Pushed(NamedTuple):
    """A push that was taken: for which browser, what it says, and what the service was told."""

    browser: str
    payload: dict[str, Any]
    headers: Mapping[str, str]
    claims: dict[str, Any]
    public_key: str


class WebPushServer(LoopbackServer[Pushed]):
    """Takes a push that is signed for it and encrypted for one of its browsers; answers 403, 404 or 400 otherwise.

    `host` is the name that endpoints have.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(tls)
        self.origin = self.url.replace("127.0.0.1", host)
        self._browsers: dict[str, Browser] = {}

    @property
    def env(self) -> dict[str, str]:
        """What a server is told so that it may push to here."""
        return {"PUSH_TO_LOOPBACK": "on"}

    def subscribe(self) -> Browser:
        """A browser more."""
        key, secret = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        name = canaries.note("endpoint", secrets.token_urlsafe(24))
        canaries.note("browser's secret", base64url(secret))
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": base64url(point), "auth": base64url(secret)}
        token = json.dumps({"endpoint": f"{self.origin}/push/{name}", "keys": keys})
        self._browsers[name] = browser = Browser(name, token, key, secret)
        return browser

    def answer(self, request: Request) -> Reply:
        browser = self._browsers.get(request.path.removeprefix("/push/"))
        if not browser:
            return Reply(404)
        try:
            claims, public_key = self._signature(request.headers["Authorization"])
        except (jwt.InvalidTokenError, AssertionError, ValueError, KeyError) as error:
            return Reply(403, f"{error!r}".encode())
        if int(request.headers["TTL"]) < 0 or request.headers["Content-Encoding"] != "aes128gcm":
            return Reply(400)
        if len(request.body) > 4096:
            return Reply(413)
        text = http_ece.decrypt(request.body, private_key=browser.key, auth_secret=browser.secret, version="aes128gcm")
        self.take(Pushed(browser.id, json.loads(text), request.headers, claims, public_key))
        return Reply(201, headers={"Location": f"{self.origin}/message/{len(self.taken)}"})

    def _signature(self, authorization: str) -> tuple[dict[str, Any], str]:
        scheme, _, rest = authorization.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = base64.urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(parts["t"], key, ["ES256"], audience=self.origin, options={"require": ["exp", "sub"]})
        assert scheme == "vapid"
        assert claims["exp"] <= time.time() + 24 * 3600
        assert claims["sub"].startswith("mailto:")
        return claims, parts["k"]
