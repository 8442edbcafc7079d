"""Every page works without the rest of the internet, and without breaking its own content policy."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from chatproject.tests.browser.chrome import launch
from chatproject.tests.server import Server

PASSWORD = "a long password for olga"
PAGES = {
    "/": "body",
    "/api/docs/": ".swagger-ui .info",
    "/api/redoc/": ".api-info, [data-section-id], h1",
    "/api/asyncapi/": "h1, h2",
    "/admin/": "#content, main, h1",
    "/admin/accounts/user/": "#content, main, table",
}


def test_programs_get_a_description_of_the_api(running: Server) -> None:
    answer = httpx.get(f"{running.url}/", headers={"Accept": "application/json"})
    description = answer.json()
    assert description["name"]
    assert description["version"]
    for name, link in description["links"].items():
        assert link.startswith(running.url)
        if name not in ("api", "socket"):
            assert httpx.get(link, follow_redirects=True).status_code == 200, name


def test_documents_describe_every_address(running: Server) -> None:
    schema = httpx.get(f"{running.url}/api/schema/", params={"format": "json"}).json()
    assert schema["paths"]["/api/v1/auth/login/"]["post"]
    assert all(path.startswith("/api/v1/") for path in schema["paths"])
    assert "Problem" in schema["components"]["schemas"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(running: Server, browser: Browser) -> Iterator[Page]:
    """A page on which an operator is signed in to the console. Where tests of other files ran in between, it is made a
    second time on the same server, for somebody else."""
    olga = f"olga-{secrets.token_hex(4)}"
    command = ("create_operator", "--email", f"{olga}@example.org", "--username", olga, "--password-stdin")
    made = running.run(*command, input=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    page = browser.new_page()
    page.goto(f"{running.url}/admin/login/")
    page.fill("[name=username]", olga)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_selector(f"text={olga}")
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_works(running: Server, page: Page, path: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(running.url + path)
    page.wait_for_selector(PAGES[path])
    page.wait_for_load_state("networkidle")
    elsewhere = {url for url in asked if urlsplit(url).scheme in ("http", "https") and not url.startswith(running.url)}
    assert not elsewhere
    assert not [line for line in complaints if "/auth/refresh/" not in line and "401" not in line]
