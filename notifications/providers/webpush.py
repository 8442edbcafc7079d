"""Pushes to browsers, through the push service that each browser names (RFC 8030, 8291, 8292)."""

import base64
from email.utils import parseaddr
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid, VapidException
from pywebpush import WebPushException, webpush

from common.outbound import OutboundClient, Response, allow_public, allow_public_or_loopback
from notifications.providers.base import Outcome, Push, Verdict, never_raises, outcome_of

GONE = {404, 410}


class Keys(msgspec.Struct):
    """The browser's public key and its secret, in base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct):
    """A device's token, as stored by `accounts`."""

    endpoint: str
    keys: Keys


class WebPush:
    """`private_key` is this server's, base64url of 32 bytes; `sender` is the address that push services may contact."""

    name = "webpush"

    def __init__(self, private_key: str, sender: str, is_to_loopback: bool) -> None:
        self._key = Vapid.from_raw(private_key.encode())
        self._contact = f"mailto:{parseaddr(sender)[1]}"
        self._client = OutboundClient(allow_public_or_loopback if is_to_loopback else allow_public)

    def host_of(self, token: str) -> str:
        """The host of the endpoint."""
        try:
            return urlsplit(msgspec.json.decode(token, type=Subscription).endpoint).hostname or self.name
        except ValueError:  # not JSON, not a subscription, or not a URL
            return self.name

    @never_raises
    def send(self, token: str, push: Push) -> Outcome:
        """Encrypt the push for the browser, sign it for the service and send it there."""
        try:
            subscription = _read(token)
        except ValueError:
            return Outcome(Verdict.GONE, "no subscription")  # it will never work
        try:
            response = self._post(subscription, push)
        except VapidException:
            return Outcome(Verdict.REFUSED, "DEFAULT_FROM_EMAIL or the endpoint cannot be signed for")
        if response.status_code in GONE:
            return Outcome(Verdict.GONE, f"HTTP {response.status_code}")
        return outcome_of(response.status_code, response.headers)

    def _post(self, subscription: Subscription, push: Push) -> Response:
        headers = {"Urgency": "high" if push.is_urgent else "normal"} | ({"Topic": push.topic} if push.topic else {})
        try:
            response: Response = webpush(
                msgspec.to_builtins(subscription),
                msgspec.json.encode({name: getattr(push, name) for name in ("title", "body", "tag", "badge", "data")}),
                vapid_private_key=self._key,
                vapid_claims={"sub": self._contact},  # a new dict each time: the library adds the endpoint's origin
                ttl=max(0, push.ttl),
                headers=headers,
                requests_session=self._client,
            )
        except WebPushException as error:
            response = error.response
        return response


def _read(token: str) -> Subscription:
    """The subscription in a token. Raises `ValueError` for anything invalid, including a key that is not on the curve,
    for which the library raises many kinds of errors."""
    subscription = msgspec.json.decode(token, type=Subscription)
    point = base64.urlsafe_b64decode(f"{subscription.keys.p256dh}==")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    if not base64.urlsafe_b64decode(f"{subscription.keys.auth}=="):
        raise ValueError
    return subscription
