"""Pushes to phones, through Firebase Cloud Messaging (HTTP v1)."""

import json
import re
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

import msgspec
from google.auth.exceptions import RefreshError
from google.oauth2.service_account import Credentials
from pyfcm import FCMNotification

from common.deadlines import seconds_left
from common.outbound import OutboundClient, Response, allow_any
from notifications.providers.base import Outcome, Push, Verdict, never_raises, outcome_of

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
MAX_TTL = 28 * 24 * 3600
GONE = {"UNREGISTERED", "SENDER_ID_MISMATCH"}
CODE = re.compile(r"[A-Z_]{1,40}")


class Fcm:
    """`url` is the address of FCM, `account` the service account as JSON."""

    name = "fcm"

    def __init__(self, url: str, account: str) -> None:
        self._api = _Api(url, json.loads(account))

    def host_of(self, token: str) -> str:
        """The same for all tokens: FCM is one service."""
        return self.name

    @never_raises
    def send(self, token: str, push: Push) -> Outcome:
        """Send the push to FCM, after signing in if necessary."""
        try:
            outcome: Outcome = self._api.notify(
                fcm_token=token,
                notification_title=push.title,
                notification_body=push.body,
                data_payload=push.data,
                android_config=_android(push),
                apns_config=_apns(push),
            )
        except RefreshError as error:
            return Outcome(Verdict.LATER if error.retryable else Verdict.REFUSED, "OAuth refuses")
        except _OAuthFailed as error:
            return error.outcome._replace(reason=f"OAuth: {error.outcome.reason}")
        return outcome


def _android(push: Push) -> dict[str, Any]:
    return {
        "ttl": f"{_ttl(push)}s",
        "priority": "HIGH" if push.is_urgent else "NORMAL",
        # No `collapse_key`: FCM keeps only four of them for a device that is off. The tag replaces what is shown.
        **({"notification": {"tag": push.tag}} if push.tag else {}),
    }


def _apns(push: Push) -> dict[str, Any]:
    headers = {
        "apns-push-type": "alert",
        "apns-priority": "10" if push.is_urgent else "5",
        "apns-expiration": str(int(time.time()) + _ttl(push)) if _ttl(push) else "0",
        **({"apns-collapse-id": push.topic} if push.tag else {}),
    }
    aps = {"badge": push.badge, "mutable-content": 1, **({"thread-id": push.tag} if push.tag else {})}
    if push.is_urgent:
        aps["sound"] = "default"
    return {"headers": headers, "payload": {"aps": aps}}


def _ttl(push: Push) -> int:
    return min(max(0, push.ttl), MAX_TTL)


class _OAuthFailed(Exception):
    """Signing in failed in a way that may pass."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class _GoogleResponse(NamedTuple):
    """A response with the attributes that `google.auth` uses."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Api(FCMNotification):
    """Builds messages with the library and sends them with our client. The library would sleep as long as `Retry-After`
    says, any number of times, repeat requests, sign in with a timeout of two minutes, and take every 403 and 404 for a
    dead token."""

    def __init__(self, url: str, account: dict[str, str]) -> None:
        super().__init__(credentials=Credentials.from_service_account_info(account, scopes=[SCOPE]))
        self.FCM_END_POINT_BASE = f"{url}/v1/projects"
        self._client = OutboundClient(allow_any)
        self._signing_in = Lock()

    def send_request(self, payload: bytes, timeout: object = None) -> Response:
        """Send the message; if the access token is refused, once more with a new one."""
        token = self._access_token()
        response = self._post(payload, token)
        if response.status_code == 401 and "THIRD_PARTY_AUTH_ERROR" not in _codes(response):
            response = self._post(payload, self._access_token(instead_of=token))
        return response

    def _post(self, payload: bytes, token: str) -> Response:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self._client.post(self.fcm_end_point, payload, headers)

    def parse_response(self, response: Response) -> Outcome:
        """The outcome of the push, from FCM's error codes and not from the status alone."""
        codes = _codes(response)
        outcome = outcome_of(response.status_code, response.headers)
        if outcome.verdict is Verdict.REFUSED and (codes & GONE or _is_about_token(response)):
            outcome = outcome._replace(verdict=Verdict.GONE)
        return outcome._replace(reason=" ".join([outcome.reason, *sorted(codes)]).strip())

    def _access_token(self, instead_of: str | None = None) -> str:
        """A valid access token. If several threads need a new one, only one signs in."""
        if not self._signing_in.acquire(timeout=seconds_left()):
            raise TimeoutError
        try:
            if self.credentials.token == instead_of or not self.credentials.valid:
                self.credentials.refresh(self._request)
            return str(self.credentials.token)
        finally:
            self._signing_in.release()

    def _request(
        self, url: str, method: str, headers: Mapping[str, str], body: bytes, **options: object
    ) -> _GoogleResponse:
        response = self._client.post(url, body, headers)
        outcome = outcome_of(response.status_code, response.headers)
        if outcome.verdict is Verdict.LATER:  # otherwise the library would sleep and ask twice more
            raise _OAuthFailed(outcome)
        return _GoogleResponse(response.status_code, response.headers, response.content)


# --- The errors of FCM --------------------------------------------------------------------------------------------
class _Violation(msgspec.Struct):
    field: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    error_code: str = ""
    field_violations: list[_Violation] = []


class _Error(msgspec.Struct):
    message: str = ""
    details: list[_Detail] = []


class _Refusal(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def _error(response: Response) -> _Error:
    try:
        return msgspec.json.decode(response.content, type=_Refusal).error
    except ValueError:
        return _Error()


def _codes(response: Response) -> set[str]:
    return {detail.error_code for detail in _error(response).details if CODE.fullmatch(detail.error_code)}


def _is_about_token(response: Response) -> bool:
    """Whether the token is malformed: the error code alone does not tell, it is INVALID_ARGUMENT."""
    error = _error(response)
    fields = {violation.field for detail in error.details for violation in detail.field_violations}
    return response.status_code == 400 and ("message.token" in fields or "registration token" in error.message)
