"""`encryption/backup/`: private keys, wrapped by a client under a passphrase that the server never sees."""

import re

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.clock import rfc3339
from common.errors import Refusal
from common.openapi import describe
from common.viewsets import ViewSet
from encryption import services, wire
from encryption.models import KeyBackup

ETAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"', re.ASCII)
"""A version. Proxies that compress answers turn its tag into a weak one, and clients send it back like that."""
IF_MATCH = {"If-Match": 'The version to replace or delete, like `"3"`.'}
IF_NONE_MATCH = {"If-None-Match": "`*` for the first backup, instead of `If-Match`."}


class KeyBackupViewSet(ViewSet):
    @describe("Get your backup, within 15 minutes of signing in", answers={200: wire.Backup})
    @action(detail=False)
    def backup(self, request: SignedInRequest) -> Response:
        return _shown(services.read_backup(request.auth))

    @describe("Get your backup with your password, at any time", body=wire.BackupReading, answers={200: wire.Backup})
    @backup.mapping.post
    def read_backup(self, request: SignedInRequest) -> Response:
        return _shown(services.read_backup(request.auth, password=body_of(request, wire.BackupReading).password))

    @describe(
        "Store a backup, replacing the previous one",
        body=wire.BackupBlob,
        answers={201: wire.BackupVersion, 200: wire.BackupVersion},
        headers=IF_MATCH | IF_NONE_MATCH,
    )
    @backup.mapping.put
    def put_backup(self, request: SignedInRequest) -> Response:
        version = None if _is_for_first(request) else _version(request, "or If-None-Match: * for the first one")
        blob: wire.BackupBlob = body_of(request, wire.BackupBlob)  # type: ignore[arg-type]
        backup, is_first = services.put_backup(request.user, blob, version=version)
        state = wire.BackupVersion(backup.version, rfc3339(backup.updated_at))
        return Response(state, 201 if is_first else 200, headers=_headers(backup))

    @describe("Delete your backup", answers={204: None}, headers=IF_MATCH)
    @backup.mapping.delete
    def delete_backup(self, request: SignedInRequest) -> Response:
        services.delete_backup(request.user, version=_version(request))
        return Response(status=204)


def _is_for_first(request: SignedInRequest) -> bool:
    return request.headers.get("If-None-Match") == "*" and "If-Match" not in request.headers


def _version(request: SignedInRequest, otherwise: str = "") -> int:
    """The version in `If-Match`. Refuses `precondition_failed` if there is none."""
    match = ETAG.fullmatch(request.headers.get("If-Match", ""))
    if match is None or "If-None-Match" in request.headers:
        raise Refusal("precondition_failed", f'Send If-Match: "<version>" {otherwise}'.strip() + ".")
    return int(match[1])


def _shown(backup: KeyBackup) -> Response:
    state = wire.Backup(backup.version, rfc3339(backup.updated_at), backup.blob)  # type: ignore[arg-type]
    return Response(state, headers=_headers(backup))


def _headers(backup: KeyBackup) -> dict[str, str]:
    return {"ETag": f'"{backup.version}"'}
