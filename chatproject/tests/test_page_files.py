"""The files of the page: few, small, kept by browsers for good, and there without esbuild too."""

import base64
import hashlib
import json
import re
import sys
import tarfile
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command

from chatproject import esbuild, server
from chatproject.tests.server import Server

pytestmark = pytest.mark.plain

NAMES = re.compile(r'"(/static/web/(?:app|page|loading)[^"]+)"')
FOR_GOOD = "max-age=315360000, public, immutable"
BUDGET = 100_000


def files_of(site: Server) -> list[str]:
    return NAMES.findall(httpx.get(site.url).text)


def test_the_page_is_small_and_kept_for_good(running: Server) -> None:
    names = files_of(running)
    answers = {coding: [ask(running, name, coding) for name in names] for coding in ("br", "gzip", "identity")}

    assert len(names) == 3
    for answer in answers["br"] + answers["gzip"]:
        assert answer.headers["Cache-Control"] == FOR_GOOD
        assert "Accept-Encoding" in answer.headers["Vary"]
    for coding in ("br", "gzip"):
        assert {answer.headers["Content-Encoding"] for answer in answers[coding]} == {coding}
        assert sum(int(answer.headers["Content-Length"]) for answer in answers[coding]) < BUDGET
        assert [answer.text for answer in answers[coding]] == [answer.text for answer in answers["identity"]]


def ask(site: Server, name: str, coding: str) -> httpx.Response:
    return httpx.get(f"{site.url}{name}", headers={"Accept-Encoding": coding})


def test_its_sources_are_to_be_read_in_the_browser(running: Server) -> None:
    script = next(name for name in files_of(running) if "/app." in name)
    *_, place = httpx.get(f"{running.url}{script}").text.rpartition("sourceMappingURL=")

    sources = httpx.get(f"{running.url}/static/web/{place.strip()}").json()["sources"]
    assert {"app.js", "../js/chat.js"} <= set(sources)


def test_the_library_for_other_pages_keeps_its_modules_and_their_names(running: Server) -> None:
    module = httpx.get(f"{running.url}/static/js/chat.js")

    assert 'from "./' in module.text
    assert "immutable" not in module.headers["Cache-Control"]


@pytest.fixture
def collected(settings, tmp_path: Path) -> Path:
    """The folder that static files are collected into; it is empty."""
    settings.STATIC_ROOT = tmp_path / "static"
    return tmp_path / "static"


def is_packed(folder: Path) -> bool:
    return 'from "../js/chat.js"' not in (folder / "web/app.js").read_text()


@pytest.mark.parametrize("program", ["", "/nowhere/esbuild", "/bin/false"])
def test_without_esbuild_the_page_comes_in_modules(settings, collected: Path, program: str) -> None:
    settings.ESBUILD = program
    server.collect_static()

    assert not is_packed(collected)
    named = json.loads((collected / "staticfiles.json").read_text())["paths"]
    assert "web/loading.js" in named
    assert not {"web/app.js", "web/page.css"} & named.keys(), "what they import has no other name either"


def test_as_soon_as_esbuild_is_there_the_page_is_packed(settings, collected: Path) -> None:
    esbuild, settings.ESBUILD = settings.ESBUILD, ""
    server.collect_static()
    assert not is_packed(collected)

    settings.ESBUILD = esbuild
    server.collect_static()
    assert is_packed(collected)


def test_files_collected_over_packed_ones_are_packed_anew(settings, collected: Path) -> None:
    server.collect_static()
    packed = (collected / "web/app.js").read_bytes()
    call_command("collectstatic", interactive=False, verbosity=0)
    assert (collected / "web/app.js").read_bytes() == packed

    settings.ESBUILD = ""
    call_command("collectstatic", interactive=False, verbosity=0)
    assert not is_packed(collected)


class Registry:
    """A folder in place of the npm registry, in which esbuild is a file of a few letters."""

    def __init__(self, folder: Path) -> None:
        self.url = f"{folder.as_uri()}/{{name}}-{{version}}.tgz"
        self.name = f"{sys.platform}-test"
        (folder / "package/bin").mkdir(parents=True)
        (folder / "package/bin/esbuild").write_text("pack")
        self.file = folder / f"{self.name}-{esbuild.VERSION}.tgz"
        with tarfile.open(self.file, "w:gz") as archive:
            archive.add(folder / "package", "package")
        self.sha512 = base64.b64encode(hashlib.sha512(self.file.read_bytes()).digest()).decode()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch) -> Registry:
    registry = Registry(tmp_path)
    monkeypatch.setattr(esbuild.platform, "machine", lambda: "test")
    monkeypatch.setattr(esbuild, "SHA512", {registry.name: registry.sha512})
    return registry


def test_esbuild_is_installed_to_be_run(registry: Registry, tmp_path: Path) -> None:
    place = tmp_path / "esbuild"
    esbuild.install(place, url=registry.url)

    assert (place.read_text(), place.stat().st_mode & 0o777) == ("pack", 0o755)


def test_only_the_esbuild_that_is_meant_is_installed(registry: Registry, tmp_path: Path, monkeypatch) -> None:
    place = tmp_path / "esbuild"
    place.write_text("before")
    refused = {}
    with registry.file.open("ab") as file:
        file.write(b"more")
    refused["changed"] = refusal(place, registry)
    registry.file.unlink()
    refused["away"] = refusal(place, registry)
    monkeypatch.setattr(esbuild.platform, "machine", lambda: "pdp11")
    refused["elsewhere"] = refusal(place, registry)

    assert "not what was expected" in refused["changed"]
    assert "did not answer" in refused["away"]
    assert f"none for {sys.platform}-pdp11" in refused["elsewhere"]
    assert place.read_text() == "before"


def refusal(place: Path, registry: Registry) -> str:
    with pytest.raises(esbuild.NotInstalled) as refused:
        esbuild.install(place, url=registry.url)
    return str(refused.value)
