"""Push to telephones, through Firebase Cloud Messaging (HTTP v1)."""

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

from chatproject.common.deadlines import left
from chatproject.common.endpoints import Answer, Door, anywhere
from notifications.providers.shape import Outcome, Push, Verdict, never_raising, outcome_of

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
MAX_TTL = 28 * 24 * 3600
GONE = {"UNREGISTERED", "SENDER_ID_MISMATCH"}
CODE = re.compile(r"[A-Z_]{1,40}")


class Fcm:
    """`url` is where FCM is, `account` the service account as JSON."""

    name = "fcm"

    def __init__(self, url: str, account: str) -> None:
        self._api = _Api(url, json.loads(account))

    def lane(self, token: str) -> str:
        """All of them go the same way."""
        return self.name

    @never_raising
    def send(self, token: str, push: Push) -> Outcome:
        """Give it to FCM, signing in first where need be."""
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
        except _OAuthFails as error:
            return error.outcome._replace(reason=f"OAuth: {error.outcome.reason}")
        return outcome


def _android(push: Push) -> dict[str, Any]:
    return {
        "ttl": f"{_ttl(push)}s",
        "priority": "HIGH" if push.is_urgent else "NORMAL",
        # No `collapse_key`: of more than four a device that is off keeps only some. The tag replaces what is shown.
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


class _OAuthFails(Exception):
    """Signing in was answered with something that passes."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class _Told(NamedTuple):
    """An answer in the words of `google.auth`."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Api(FCMNotification):
    """The library's messages, through our door. Its own sending sleeps as long as a `Retry-After` says, any number of
    times, repeats by itself, signs in with a timeout of two minutes, and takes every 403 and 404 for a dead token."""

    def __init__(self, url: str, account: dict[str, str]) -> None:
        super().__init__(credentials=Credentials.from_service_account_info(account, scopes=[SCOPE]))
        self.FCM_END_POINT_BASE = f"{url}/v1/projects"
        self._door = Door(anywhere)
        self._signing_in = Lock()

    def send_request(self, payload: bytes, timeout: object = None) -> Answer:
        """With a new access token, once, when the one at hand is refused."""
        token = self._access_token()
        answer = self._post(payload, token)
        if answer.status_code == 401 and "THIRD_PARTY_AUTH_ERROR" not in _codes(answer):
            answer = self._post(payload, self._access_token(instead_of=token))
        return answer

    def _post(self, payload: bytes, token: str) -> Answer:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self._door.post(self.fcm_end_point, payload, headers)

    def parse_response(self, response: Answer) -> Outcome:
        """What became of the push, by what FCM says of it and not by the status alone."""
        codes = _codes(response)
        outcome = outcome_of(response.status_code, response.headers)
        if outcome.verdict is Verdict.REFUSED and (codes & GONE or _is_about_token(response)):
            outcome = outcome._replace(verdict=Verdict.GONE)
        return outcome._replace(reason=" ".join([outcome.reason, *sorted(codes)]).strip())

    def _access_token(self, instead_of: str | None = None) -> str:
        """Of several threads that need one, one signs in."""
        if not self._signing_in.acquire(timeout=left()):
            raise TimeoutError
        try:
            if self.credentials.token == instead_of or not self.credentials.valid:
                self.credentials.refresh(self._ask)
            return str(self.credentials.token)
        finally:
            self._signing_in.release()

    def _ask(self, url: str, method: str, headers: Mapping[str, str], body: bytes, **how: object) -> _Told:
        answer = self._door.post(url, body, headers)
        outcome = outcome_of(answer.status_code, answer.headers)
        if outcome.verdict is Verdict.LATER:  # else the library would sleep, and ask twice more
            raise _OAuthFails(outcome)
        return _Told(answer.status_code, answer.headers, answer.content)


# --- What FCM says of an error ------------------------------------------------------------------------------------
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


def _error(answer: Answer) -> _Error:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).error
    except ValueError:
        return _Error()


def _codes(answer: Answer) -> set[str]:
    return {one.error_code for one in _error(answer).details if CODE.fullmatch(one.error_code)}


def _is_about_token(answer: Answer) -> bool:
    """A malformed token is an INVALID_ARGUMENT like any other, but for this."""
    error = _error(answer)
    fields = {violation.field for one in error.details for violation in one.field_violations}
    return answer.status_code == 400 and ("message.token" in fields or "registration token" in error.message)
