"""Clients that are generated from the served OpenAPI document: the generators accept all of it, and the first steps of
an app work with them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from messaging.tests.client import PASSWORD

pytestmark = pytest.mark.plain
needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
HERE = Path(__file__).parents[2] / "clients" / "generated"
SAID = {
    "refused": "invalid_credentials",
    "is_repeat": True,
    "metadata": {"mood": "good"},
    "read": [["Hello", []], ["", ["words.txt"]]],
    "bytes": "a few words",
    "out": 204,
}


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """What a command prints; fails with all that it said."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def document(server, tmp_path_factory) -> Path:
    """A folder with the document as it is served, for both generators to write to."""
    folder = tmp_path_factory.mktemp("clients")
    first, again = [httpx.get(f"{server.url}/api/schema/?format=json", timeout=60) for _ in range(2)]
    assert first.json() == again.json()
    (folder / "openapi.json").write_bytes(first.content)
    return folder


@pytest.fixture(scope="module")
def openapi(document) -> dict[str, Any]:
    return json.loads((document / "openapi.json").read_bytes())


@pytest.fixture(scope="module")
def packages() -> Path:
    """The locked packages, installed once for each lock, outside the tree."""
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatproject"
    folder = cache / f"generated-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        making = folder.with_name(f"{folder.name}-{os.getpid()}")
        making.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, making)
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=making)
        try:
            making.rename(folder)
        except OSError:  # another process of the test run was faster
            shutil.rmtree(making)
    return folder


def test_the_python_client_signs_in_sends_and_reads(document, server, signed_up) -> None:
    made = document / "chat_client"
    generate = ("generate", "--path", "openapi.json", "--output-path", made, "--meta", "none", "--fail-on-warning")
    tools = str(Path(sys.executable).parent)
    run(f"{tools}/openapi-python-client", *generate, cwd=document, PATH=f"{tools}:{os.environ['PATH']}")
    for module in sorted(made.rglob("*.py")):
        compile(module.read_text(), str(module), "exec")

    alice = signed_up("alice")
    said = run(sys.executable, HERE / "script.py", server.url, alice.name, PASSWORD, cwd=document, PYTHONPATH=".")

    found = json.loads(said)
    assert [kind for _, kind in found.pop("entries")].count("message.created") == 2
    assert found == SAID


@needs_npm
def test_the_typescript_client_signs_in_sends_and_reads(document, packages, server, signed_up) -> None:
    (document / "node_modules").symlink_to(packages / "node_modules")
    for name in ("package.json", "script.ts"):
        shutil.copy(HERE / name, document)
    bin_ = packages / "node_modules" / ".bin"
    told = run(bin_ / "openapi-typescript", "openapi.json", "--output", "schema.ts", cwd=document)
    assert "warn" not in told.lower()
    strict = ("--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable")
    run(bin_ / "tsc", *strict, "script.ts", cwd=document)

    alice = signed_up("alice")
    found = json.loads(run("node", "script.js", server.url, alice.name, PASSWORD, cwd=document))

    assert [kind for _, kind in found.pop("entries")].count("message.created") == 2
    assert found == SAID


@needs_npm
def test_the_document_of_the_socket_is_asyncapi(server, packages) -> None:
    shown = httpx.get(f"{server.url}/api/asyncapi/?format=json").json()
    schema = json.loads((packages / "node_modules/@asyncapi/specs/schemas/3.0.0.json").read_bytes())

    faults = [f"{list(fault.absolute_path)}: {fault.message}" for fault in Draft7Validator(schema).iter_errors(shown)]

    assert faults == []


METHODS = {"get", "post", "put", "patch", "delete"}


def test_every_operation_documents_its_body_and_its_refusals(openapi) -> None:
    described = {tag["name"] for tag in openapi["tags"]}
    operations = [
        (path, method, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]

    for path, method, operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"], path
        assert set(operation["tags"]) <= described, path
        assert {} not in operation["security"], path
        if body := operation.get("requestBody"):
            (content,) = body["content"].values()
            named = openapi["components"]["schemas"].get(content["schema"].get("$ref", "").rsplit("/", 1)[-1], {})
            assert body["required"] or not named.get("required"), (path, method)
    unsigned = {path for path, _, operation in operations if not operation["security"]}
    assert unsigned == {
        f"/api/v1/auth/{name}/"
        for name in (
            *("register", "verify", "otp/resend", "login", "refresh", "logout", "password/reset"),
            "password/reset/confirm",
        )
    }
    by_cookie = {method for _, method, operation in operations if len(operation["security"]) > 1}
    assert by_cookie == {"get"}


def test_required_fields_are_exactly_those_that_cannot_be_omitted(openapi) -> None:
    schemas = openapi["components"]["schemas"]

    assert set(schemas["Login"]["required"]) == {"login", "password"}
    assert "is_deleted" in schemas["MessageState"]["required"]
    assert "status" not in schemas["MessageState"]["required"]
    assert openapi["paths"]["/api/v1/users/me/"]["delete"]["requestBody"]["required"]
    assert not openapi["paths"]["/api/v1/auth/refresh/"]["post"]["requestBody"]["required"]
    for name, schema in schemas.items():
        for field, about in schema.get("properties", {}).items():
            assert "default" not in about, (name, field)
            if field.endswith(("_at", "_until")):
                assert "date-time" in json.dumps(about), (name, field)
