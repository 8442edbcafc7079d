"""A real nginx with the set-up that docs/operations.md shows, before servers of a test or a measurement.

with Nginx(server, other) as proxy:
    httpx.get(f"{proxy.url}/health/")
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import httpx
import pytest

from chatproject.tests.server import ROOT, Server, free_port

needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed (Debian: apt install nginx)")
AROUND = """
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
    {logging}
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path f;
    uwsgi_temp_path u;
    scgi_temp_path s;
    {site}
}}
"""


class Nginx:
    """Not started yet. `url` and `ws_url` are its addresses, `errors` what it has complained of, `requests` what it has
    logged. With `uploads` it sends the files that lie there."""

    def __init__(self, *servers: Server, uploads: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nginx-", ignore_cleanup_errors=True)
        self.port = free_port()
        self.url, self.ws_url = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}"
        site = documented_site(self.port, [f"127.0.0.1:{server.port}" for server in servers])
        if uploads:
            site = site.replace("    location / {", f"{documented_files(uploads)}\n    location / {{", 1)
        user = "user root;" if os.geteuid() == 0 else ""
        (self._path / "nginx.conf").write_text(AROUND.format(user=user, logging=documented_log(), site=site))

    @property
    def _path(self) -> Path:
        return Path(self._folder.name)

    @property
    def errors(self) -> str:
        return (self._path / "error.log").read_text()

    @property
    def requests(self) -> str:
        return (self._path / "access.log").read_text()

    def __enter__(self) -> Self:
        command = ["nginx", "-p", self._folder.name, "-c", "nginx.conf", "-e", "error.log"]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, self.errors
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.05)
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.url}/health/", timeout=5)
        except httpx.HTTPError:
            return False
        return True


def documented_site(port: int, hosts: list[str]) -> str:
    """The site of the document, at this port and before these hosts."""
    site = documented("upstream")
    site, listens = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", site)
    lines = re.findall(r"^    server 10\.\S+(.*)$", site, re.MULTILINE)
    pool = "".join(f"    server {host}{lines[0]}\n" for host in hosts)
    site, pools = re.subn(r"(^    server 10\.\S+.*\n)+", pool, site, flags=re.MULTILINE)
    assert (listens, pools, len(lines)) == (1, 1, 2), "the document shows something else"
    return site


def documented_files(uploads: Path) -> str:
    """What the document adds to a site so that nginx sends the files in this folder."""
    return documented("internal;").replace("/path/to/data/uploads/", f"{uploads}/")


def documented_log() -> str:
    """What the document lets nginx log, into its own folder."""
    return documented("log_format").replace("/var/log/nginx/access.log", "access.log")


def documented(word: str) -> str:
    """The first block of nginx's own in the document that has this word in it."""
    blocks = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    return str(next(block for block in blocks if word in block))
