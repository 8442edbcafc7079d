"""The test people, and the clean slate that every test starts with.

alice and bob are inside, carol is outside, olga operates. Settings, database, files and Redis keys belong to this
process of the test run alone.
"""

import atexit
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
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

from chatproject.tests import canaries, made  # noqa: E402
from chatproject.tests.proving import PROVE, SEED  # noqa: E402
from chatproject.tests.server import Server  # noqa: E402
from chatproject.tests.warm import Warm  # noqa: E402

if TYPE_CHECKING:
    from messaging.tests.client import Person

PASSWORD = canaries.note("password", "correct horse battery")


class Client(APIClient):
    """A client of the HTTP API that sends JSON; `access` and `session` are set if it is signed in."""

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
    """Records everything that is logged from here on."""
    django.setup()  # first, because it configures logging and would remove the recorder
    config.stash[LEAKS] = set()
    recorder = canaries.Recorder()
    logging.getLogger().addHandler(recorder)
    config.add_cleanup(lambda: logging.getLogger().removeHandler(recorder))
    config.pluginmanager.register(Canary(recorder), "canary")
    made.shared_folder()  # named before the processes of the run start, so that they share it
    if sys.platform == "linux":
        Server.Process = Warm


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Makes each process of the run read the settings after this file. Otherwise all would share this process's."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """With `-n auto`, twice the number of processors, which are idle while tests wait for servers; less with browsers,
    which keep them busy. On PostgreSQL three: the servers of each process share its hundred connections."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return 3
    processors = os.cpu_count() or 1
    return processors * 3 // 2 if config.option.markexpr == "browser" else processors * 2


class Canary:
    """Fails the whole run if a secret was logged anywhere in it."""

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
        terminalreporter.write_line(f"The tests that search did so with PROVE={PROVE} SEED={SEED}.")
        for leak in sorted(config.stash[LEAKS]):
            terminalreporter.write_line(f"A secret was logged. {leak}", red=True)


KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def _empty_tables(case: TransactionTestCase) -> None:
    """Deletes what a test with real commits leaves. Django would truncate every table and create the permissions again,
    which takes most of a second on PostgreSQL. Constraints are deferred, so the order of the tables does not matter."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(set(tables) - KEPT):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    if connection.vendor == "postgresql":  # opened by the test's threads: the servers need the connections
        connection.close()
        connection.close_pool()


TransactionTestCase._fixture_teardown = _empty_tables


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """SQLite's test database exists before Django would create it."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The test database starts as a copy of the one that the test run made."""
    test = connection.settings_dict["TEST"]
    if connection.vendor == "sqlite":
        shutil.copy(made.made("").folder / "chat.sqlite3", test["NAME"])
    else:
        test["TEMPLATE"] = made.made(os.environ["DATABASE_URL"]).database


@pytest.fixture(autouse=True)
def clean_slate(settings, monkeypatch) -> None:
    """Unused limits, filters that are read again, and a password hash that costs nothing."""
    from common import limits
    from messaging.writing import filters

    filters.filter_cache.invalidate()
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
    """`sign_in(user)`: a client of this user, with its own session."""
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
    """`person("carol")`: another user, whose e-mail address is confirmed."""
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


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server with the default settings that many tests share: they only look at it."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server without limits that many tests share; each test creates its own users."""
    from chatproject.tests.server import Server
    from messaging.tests.client import GENEROUS

    with Server(env=GENEROUS) as server:
        yield server


@pytest.fixture(scope="session")
def operator(server: Server) -> "Person":
    """olga, who operates the server without limits."""
    from messaging.tests.client import Person

    return Person.operating(server, f"olga-{uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def daphne() -> Iterator[Server]:
    """A server without limits, run by daphne."""
    from messaging.tests.client import GENEROUS
    from messaging.tests.daphne import Daphne

    with Daphne(env=GENEROUS) as server:
        yield server


@pytest.fixture
def bare() -> Iterator[Server]:
    """A server as on a new machine: it starts cold, and has to create its schema and its static files."""
    server = Server(bare=True)
    server.Process = subprocess.Popen
    yield server
    server.close()


@pytest.fixture
def own() -> Iterator[Server]:
    """A server for this test alone, not started yet."""
    server = Server()
    yield server
    server.close()
