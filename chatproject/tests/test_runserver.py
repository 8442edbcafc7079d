"""`manage.py runserver`, for development: pages, API, sockets and a worker, and a restart when code changes."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from chatproject.tests.server import Server, until
from messaging.tests.client import GENEROUS, cast_on

pytestmark = pytest.mark.plain
CODE = "from django.conf import settings\n\nsettings.SITE_NAME = {name!r}\n"


class Runserver(Server):
    """`manage.py runserver` on a database that is ready, with an app `edited` of the test's own. It starts as Python
    does, with `PYTHONPATH`."""

    Process = subprocess.Popen

    def __init__(self, **options) -> None:
        super().__init__(**options)
        code = self.data_dir / "code"
        self.edited = code / "edited" / "__init__.py"
        self.edited.parent.mkdir(parents=True)
        self.edited.write_text(CODE.format(name="as it was"))
        settings = "from chatproject.settings import *\n\nINSTALLED_APPS = [*INSTALLED_APPS, 'edited']\n"
        (code / "edited_settings.py").write_text(settings)
        self.env |= {"PYTHONPATH": str(code), "DJANGO_SETTINGS_MODULE": "edited_settings"}

    def command(self, *args: str) -> list[str]:
        return super().command("runserver", str(self.port)) if args == ("serve",) else super().command(*args)

    def edit(self, text: str) -> None:
        """Save until the reloader sees it: what changes before its first look is old to it."""
        reloads = self.log.count("changed, reloading")
        self.edited.write_text(text)
        until(lambda: self.edited.touch() or self.log.count("changed, reloading") > reloads)

    @property
    def site_name(self) -> str:
        return httpx.get(self.url, headers={"Accept": "application/json"}, timeout=30).json()["name"]

    def is_named(self, name: str) -> bool:
        try:
            return self.site_name == name
        except httpx.HTTPError:  # it starts again
            return False


@pytest.fixture(scope="module")
def development() -> Iterator[Runserver]:
    with Runserver(env=GENEROUS) as server:
        yield server


def test_it_serves_the_page_with_its_files(development: Runserver) -> None:
    page = httpx.get(development.url, headers={"Accept": "text/html"})
    script = httpx.get(f"{development.url}/static/js/chat.js")
    console = httpx.get(f"{development.url}/static/admin/css/base.css")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (script.status_code, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    assert console.status_code == 200


async def test_it_serves_the_api_and_sockets_and_works_in_the_background(development: Runserver) -> None:
    alice, bob = (cast_on(development)(name) for name in ("alice", "bob"))
    group = alice.group(bob)
    ticket = bob.post("auth/ws-ticket/")["ticket"]

    async with alice.socket() as hers, bob.socket(path=f"/ws/?ticket={ticket}", signs_in=False) as his:
        await his.expect("hello")
        sent = await hers.ask("message.send", conversation_id=group, content=f"Hello @{bob.name}")
        received = await his.expect("message.created")
        notice = await his.expect("notification.created")

    assert sent["ok"]
    assert received["data"]["message"]["content"] == f"Hello @{bob.name}"
    assert notice["data"]["notification"]["kind"] == "mention"


async def test_its_log_shows_no_query_strings(development: Runserver) -> None:
    alice = cast_on(development)("alice")
    ticket = alice.post("auth/ws-ticket/")["ticket"]

    httpx.get(f"{development.url}/api/v1/users/me/?link=of-a-file")
    async with alice.socket(path=f"/ws/?ticket={ticket}", signs_in=False) as socket:
        await socket.expect("hello")

    assert "WebSocket CONNECT /ws/ " in development.log
    assert "HTTP GET /api/v1/users/me/ 401 " in development.log
    assert not {word for word in (ticket, "ticket=", "link=") if word in development.log}


def test_it_restarts_when_code_changes_and_outlives_a_mistake_in_it(development: Runserver) -> None:
    assert development.site_name == "as it was"

    development.edit("this is no code\n")
    until(lambda: "SyntaxError" in development.log)
    development.edit(CODE.format(name="as it is now"))

    until(lambda: development.is_named("as it is now"))


class WithoutTables(Runserver):
    """It is never ready: it answers, and the page needs no tables."""

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


def test_without_its_tables_it_says_what_to_run() -> None:
    with WithoutTables(env=GENEROUS, bare=True) as server:
        assert "run `manage.py migrate`" in server.log
