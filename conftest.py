"""The cast, and the clean slate that every test begins with.

alice and bob are inside, carol is outside, olga operates. Settings, database, files and Redis keys belong to this
process of the test run alone.
"""

import atexit
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

RUN = f"test-{uuid4().hex[:8]}"
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix=f"chat-{RUN}-")
os.environ["REDIS_PREFIX"] = RUN
os.environ["LOBBY_AUTO_JOIN"] = "off"  # tests bring rooms of their own
os.environ["DJANGO_SETTINGS_MODULE"] = "chatproject.settings"  # not in pyproject: it would be read before this file
Path(os.environ["DATA_DIR"], "static").mkdir()
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

import django  # noqa: E402
import pytest  # noqa: E402
from django.core import mail  # noqa: E402
from django.core.mail import EmailMessage  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import TransactionTestCase  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from chatproject.tests import canaries  # noqa: E402

PASSWORD = canaries.note("password", "correct horse battery")


class Client(APIClient):
    """A client of the HTTP API that speaks JSON; `access` and `session` when it is signed in."""

    default_format = "json"
    access = ""
    session = None

    def request(self, **request: Any) -> Any:
        from chatproject.tests import documented

        response = super().request(**request)
        if not response.streaming:
            method, path = request["REQUEST_METHOD"], request["PATH_INFO"]
            documented.check(method, path, response.status_code, response.get("Content-Type", ""), response.content)
        return response


class Mailbox:
    """The mails sent in this test."""

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in mail.outbox if message.to == [address]]

    def code(self, address: str) -> str:
        """The code in the newest mail to this address."""
        match = re.search(r"\b\d{6}\b", self.to(address)[-1].body)
        assert match, "no code in the mail"
        return canaries.note("code", match[0])


LEAKS = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """From here on everything that is logged is recorded."""
    django.setup()  # configures logging, which would throw the recorder out again
    config.stash[LEAKS] = set()
    recorder = canaries.Recorder()
    logging.getLogger().addHandler(recorder)
    config.add_cleanup(lambda: logging.getLogger().removeHandler(recorder))
    config.pluginmanager.register(Canary(recorder), "canary")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each process of the run reads the settings after this file, as this one has: else all would share this one's."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto` half as many more than there are processors: servers that are waited for leave them idle. On
    PostgreSQL two: the servers that each keeps running share its hundred connections."""
    return 2 if os.environ.get("DATABASE_URL", "").startswith("postgres") else (os.cpu_count() or 1) * 3 // 2


class Canary:
    """Fails the whole run when a secret was logged anywhere in it."""

    def __init__(self, recorder: canaries.Recorder) -> None:
        self.recorder = recorder

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        leaks = session.config.stash[LEAKS] | self.recorder.found()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["leaks"] = sorted(leaks)
        elif leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.stash[LEAKS] = leaks

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        node.config.stash[LEAKS].update(getattr(node, "workeroutput", {}).get("leaks", ()))

    def pytest_terminal_summary(self, terminalreporter, config: pytest.Config) -> None:
        for leak in sorted(config.stash[LEAKS]):
            terminalreporter.write_line(f"A secret was logged. {leak}", red=True)


KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def _empty_tables(case: TransactionTestCase) -> None:
    """What a test with real commits leaves is deleted. Django truncates every table and makes permissions anew, which
    takes most of a second on PostgreSQL; the constraints are deferred, so that no order of the tables matters."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(set(tables) - KEPT):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    if connection.vendor == "postgresql":  # what the test's threads have opened: the servers need the connections
        connection.close()
        connection.close_pool()


TransactionTestCase._fixture_teardown = _empty_tables


@pytest.fixture(autouse=True)
def clean_slate(settings, monkeypatch) -> None:
    """Limits that nobody has used, filters that are looked at anew, and a password hash that costs nothing."""
    from chatproject.common import limits
    from messaging import filters

    filters.present.look_again()
    monkeypatch.setattr(limits, "_memory", limits.MemoryLimits())
    settings.REDIS_PREFIX = f"{RUN}-{uuid4().hex[:8]}"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def api() -> Client:
    """A client that is not signed in."""
    return Client()


@pytest.fixture
def sign_in(db) -> Callable[..., Client]:
    """`sign_in(user)`: a client of this person, with a sign-in of its own."""
    from accounts import services, tokens

    def sign_in(user, **client: str) -> Client:
        signed_in = Client()
        signed_in.session = services.open_session(user, **client)
        signed_in.access = tokens.access_token(signed_in.session)
        signed_in.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.access}")
        return signed_in

    return sign_in


@pytest.fixture
def person(db) -> Callable[..., object]:
    """`person("dave")`: somebody more, whose address is confirmed."""
    from accounts import services

    def person(username: str, **fields: object):
        return services.create_person(
            **{"email": f"{username}@example.org", "username": username, "password": PASSWORD, **fields}
        )

    return person


@pytest.fixture
def alice(person):
    return person("alice", full_name="Alice Adams")


@pytest.fixture
def bob(person):
    return person("bob", full_name="Bob Brown")


@pytest.fixture
def carol(person):
    return person("carol")


@pytest.fixture
def olga(person):
    return person("olga", is_operator=True)
