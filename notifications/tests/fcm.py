"""Firebase Cloud Messaging on this machine, with the OAuth server that it believes.

with FcmServer() as fcm:
    fcm.configure(settings)                  # or Server(env=fcm.env)
    fcm.next(UNREGISTERED)
    assert fcm.wait_for(1)[0].message["notification"] == {"title": …}
"""

import json
import secrets
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chatproject.tests import canaries
from notifications.tests.loopback import LoopbackServer, Reply, Request

PROJECT = "chat-on-loopback"
EMAIL = f"push@{PROJECT}.iam.example.org"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What Google's library writes there, wherever it asks."""
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


def refusal(status: int, code: str = "", message: str = "", field: str = "", **headers: str) -> Reply:
    """An error as FCM writes them; `field` is what it says is wrong with the message."""
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    ]
    if field:
        violations = [{"field": field, "description": "Invalid value"}]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    error = {"code": status, "message": message, "status": code, "details": details if code else []}
    return Reply(status, json.dumps({"error": error}).encode(), headers)


UNREGISTERED = refusal(404, "UNREGISTERED", "Requested entity was not found.")
MALFORMED_TOKEN = refusal(
    400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token", "message.token"
)
INVALID_ARGUMENT = refusal(400, "INVALID_ARGUMENT", "Invalid JSON payload received.", "message.data")


class Sent(NamedTuple):
    """A push that was taken: the device's token, and the whole message."""

    token: str
    message: dict[str, Any]


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def _private_pem() -> str:
    pem = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for line in pem.splitlines()[1:-1]:
        canaries.note("service account's key", line)
    return pem


class FcmServer(LoopbackServer[Sent]):
    """`account` is the service account that it knows, `grants` how often somebody has signed in.

    `next` and `always` are about pushes; `oauth` is what the OAuth server answers instead, until it is None again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.grants = 0
        self.oauth: Reply | None = None
        self._granting = threading.Lock()
        self._good: set[str] = set()

    @property
    def account(self) -> dict[str, str]:
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": _private_pem(),
            "client_email": EMAIL,
            "token_uri": f"{self.url}/token",
        }

    @property
    def env(self) -> dict[str, str]:
        """What a server is told to push through here."""
        return {"FIREBASE_CREDENTIALS_JSON": json.dumps(self.account), "FCM_URL": self.url}

    def configure(self, settings: Any) -> None:
        """Push through here in this test."""
        settings.FIREBASE_CREDENTIALS = self.account
        settings.FCM_URL = self.url

    def expire(self) -> None:
        """No access token is good any more."""
        with self._granting:
            self._good.clear()

    def is_planned(self, request: Request) -> bool:
        return request.path != "/token"

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return self.oauth or self._grant(request.body)
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            return Reply(404, b"<html>no such page")
        if request.headers["Authorization"].removeprefix("Bearer ") not in self._good:
            return refusal(401, "UNAUTHENTICATED")
        message = json.loads(request.body)["message"]
        self.take(Sent(message["token"], message))
        return Reply(200, json.dumps({"name": f"projects/{PROJECT}/messages/{len(self.taken)}"}).encode())

    def _grant(self, body: bytes) -> Reply:
        form = parse_qs(body.decode())
        try:
            claims = jwt.decode(
                form["assertion"][0],
                _key().public_key(),
                ["RS256"],
                audience=AUDIENCE,
                issuer=EMAIL,
                options={"require": ["exp", "iat"]},
            )
            assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            assert claims["scope"] == SCOPE
            assert claims["exp"] - claims["iat"] <= 3600
        except (jwt.InvalidTokenError, KeyError, AssertionError):
            return Reply(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}')
        with self._granting:
            self.grants += 1
            self._good.add(token := canaries.note("Google's access token", secrets.token_urlsafe(40)))
        answer = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return Reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def fcm(settings) -> Iterator[FcmServer]:
    """Where pushes go in this test, at once and to whoever is online too."""
    settings.PUSH_DELAY_SECONDS = settings.PUSH_ONLINE_SECONDS = 0
    with FcmServer() as server:
        server.configure(settings)
        yield server
