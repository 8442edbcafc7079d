"""Push to browsers, through whatever service each of them names (RFC 8030, 8291, 8292)."""

import base64
from email.utils import parseaddr
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid, VapidException
from pywebpush import WebPushException, webpush

from chatproject.common.endpoints import Answer, Door, public_only, public_or_loopback
from notifications.providers.shape import Outcome, Push, Verdict, never_raising, outcome_of

GONE = {404, 410}


class Keys(msgspec.Struct):
    """The browser's public key and its secret, base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct):
    """A device's token, as `accounts` has stored it."""

    endpoint: str
    keys: Keys


class WebPush:
    """`private_key` is ours, base64url of 32 bytes; `sender` an address at which the services may complain."""

    name = "webpush"

    def __init__(self, private_key: str, sender: str, is_to_loopback: bool) -> None:
        self._key = Vapid.from_raw(private_key.encode())
        self._contact = f"mailto:{parseaddr(sender)[1]}"
        self._door = Door(public_or_loopback if is_to_loopback else public_only)

    def lane(self, token: str) -> str:
        """The host of the endpoint."""
        try:
            return urlsplit(msgspec.json.decode(token, type=Subscription).endpoint).hostname or self.name
        except ValueError:  # no JSON, no subscription, no address
            return self.name

    @never_raising
    def send(self, token: str, push: Push) -> Outcome:
        """Encrypt it for the browser, sign for the service, and give it to that."""
        try:
            subscription = _read(token)
        except ValueError:
            return Outcome(Verdict.GONE, "no subscription")  # nor will it ever be one
        try:
            answer = self._post(subscription, push)
        except VapidException:
            return Outcome(Verdict.REFUSED, "DEFAULT_FROM_EMAIL or the endpoint cannot be signed for")
        if answer.status_code in GONE:
            return Outcome(Verdict.GONE, f"HTTP {answer.status_code}")
        return outcome_of(answer.status_code, answer.headers)

    def _post(self, subscription: Subscription, push: Push) -> Answer:
        headers = {"Urgency": "high" if push.is_urgent else "normal"} | ({"Topic": push.topic} if push.topic else {})
        try:
            answer: Answer = webpush(
                msgspec.to_builtins(subscription),
                msgspec.json.encode({name: getattr(push, name) for name in ("title", "body", "tag", "badge", "data")}),
                vapid_private_key=self._key,
                vapid_claims={"sub": self._contact},  # a new one each time: the endpoint's origin is written into it
                ttl=max(0, push.ttl),
                headers=headers,
                requests_session=self._door,
            )
        except WebPushException as error:
            answer = error.response
        return answer


def _read(token: str) -> Subscription:
    """Raises `ValueError` where the library would say many things: the key must be on the curve."""
    subscription = msgspec.json.decode(token, type=Subscription)
    point = base64.urlsafe_b64decode(f"{subscription.keys.p256dh}==")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    if not base64.urlsafe_b64decode(f"{subscription.keys.auth}=="):
        raise ValueError
    return subscription
