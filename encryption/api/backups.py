"""`encryption/backup/`: one's private keys, wrapped by a client under a passphrase that the server never sees."""

import re

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.clock import rfc3339
from chatproject.common.errors import Refusal
from chatproject.common.openapi import describe
from encryption import services, wire
from encryption.models import KeyBackup

ETAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"', re.ASCII)
"""A version. Proxies that compress answers make its tag a weak one, which clients then send back."""
IF_MATCH = {"If-Match": 'The version that this is about, like `"3"`.'}
IF_NONE_MATCH = {"If-None-Match": "`*` for the first backup, in place of `If-Match`."}


class BackupView(APIView):
    @describe("My backup, within 15 minutes of signing in", answers={200: wire.Backup})
    def get(self, request: SignedInRequest) -> Response:
        return _shown(services.read_backup(request.auth))

    @describe("My backup, for the password, at any time", body=wire.BackupReading, answers={200: wire.Backup})
    def post(self, request: SignedInRequest) -> Response:
        return _shown(services.read_backup(request.auth, password=body_of(request, wire.BackupReading).password))

    @describe(
        "Keep this backup in place of the one before",
        body=wire.BackupBlob,
        answers={201: wire.BackupVersion, 200: wire.BackupVersion},
        headers=IF_MATCH | IF_NONE_MATCH,
    )
    def put(self, request: SignedInRequest) -> Response:
        version = None if _is_for_first(request) else _version(request, "or If-None-Match: * for the first one")
        blob: wire.BackupBlob = body_of(request, wire.BackupBlob)  # type: ignore[arg-type]
        backup, is_first = services.put_backup(request.user, blob, version=version)
        state = wire.BackupVersion(backup.version, rfc3339(backup.updated_at))
        return Response(state, 201 if is_first else 200, headers=_headers(backup))

    @describe("Keep no backup", answers={204: None}, headers=IF_MATCH)
    def delete(self, request: SignedInRequest) -> Response:
        services.delete_backup(request.user, version=_version(request))
        return Response(status=204)


def _is_for_first(request: SignedInRequest) -> bool:
    return request.headers.get("If-None-Match") == "*" and "If-Match" not in request.headers


def _version(request: SignedInRequest, otherwise: str = "") -> int:
    """The version of `If-Match`. Refuses `precondition_failed` where it names none."""
    match = ETAG.fullmatch(request.headers.get("If-Match", ""))
    if match is None or "If-None-Match" in request.headers:
        raise Refusal("precondition_failed", f'Send If-Match: "<version>" {otherwise}'.strip() + ".")
    return int(match[1])


def _shown(backup: KeyBackup) -> Response:
    state = wire.Backup(backup.version, rfc3339(backup.updated_at), backup.blob)  # type: ignore[arg-type]
    return Response(state, headers=_headers(backup))


def _headers(backup: KeyBackup) -> dict[str, str]:
    return {"ETag": f'"{backup.version}"'}
