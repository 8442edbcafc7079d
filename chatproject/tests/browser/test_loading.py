"""A page of which something does not load says so, and offers to try again."""

import re
import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chatproject.tests.server import Server

pytestmark = pytest.mark.browser

Answer = Callable[[Route], None]


def missing(route: Route) -> None:
    route.fulfill(status=404, body="not here")


def busy(route: Route) -> None:
    route.fulfill(status=503, body="")


def away(route: Route) -> None:
    route.abort("internetdisconnected")


def broken(route: Route) -> None:
    route.fulfill(status=200, content_type="text/javascript", body="throw new Error('broken')")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def unpacked() -> Iterator[Server]:
    """Its page comes as one module after the other, as where there is no esbuild."""
    with Server(env={"ESBUILD": ""}) as server:
        yield server


def test_the_page_comes_in_few_requests(servers, page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(servers[0].url)

    expect(page.get_by_test_id("signin-form")).to_be_visible()
    assert len(asked) <= 10, asked


@pytest.mark.parametrize("answer", [missing, busy, away, broken])
def test_a_script_that_does_not_load_is_told_and_tried_again(servers, page, answer: Answer) -> None:
    _comes_at_second_try(page, servers[0], "web/app", answer)


@pytest.mark.parametrize("answer", [missing, busy, away, broken])
@pytest.mark.parametrize("name", ["web/receipts", "js/crypto/canonical"])
def test_a_module_that_does_not_load_is_told_and_tried_again(unpacked, page, name: str, answer: Answer) -> None:
    _comes_at_second_try(page, unpacked, name, answer)


def _comes_at_second_try(page: Page, server: Server, name: str, answer: Answer) -> None:
    file = re.compile(rf"/static/{name}[^/]*\.js")
    page.route(file, answer)
    page.goto(server.url)

    expect(page.get_by_test_id("loading").get_by_role("status")).to_contain_text("could not be loaded")
    page.unroute(file)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("signin-form")).to_be_visible()
    expect(page.get_by_test_id("loading")).to_have_count(0)


def test_a_module_that_never_comes_leaves_a_way_out(unpacked, page) -> None:
    file = re.compile(r"/static/web/receipts[^/]*\.js")
    page.route(file, lambda _: None, times=1)
    page.goto(unpacked.url, wait_until="commit")

    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    expect(page.get_by_test_id("loading").get_by_role("status")).to_contain_text("takes long", timeout=30_000)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("signin-form")).to_be_visible()


def test_a_style_that_does_not_load_is_told_and_the_page_works(servers, page) -> None:
    file = re.compile(r"/static/web/page[^/]*\.css")
    page.route(file, missing)
    page.goto(servers[0].url)

    expect(page.get_by_test_id("unstyled")).to_contain_text("looks different")
    expect(page.get_by_test_id("signin-form")).to_be_visible()
    page.unroute(file)
    page.get_by_test_id("unstyled").get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("signin-form")).to_be_visible()
    expect(page.get_by_test_id("unstyled")).to_have_count(0)


def test_an_invitation_is_still_there_after_another_try(servers, page) -> None:
    file = re.compile(r"/static/web/app[^/]*\.js")
    page.route(file, missing)
    place = f"#/invite/{secrets.token_hex(8)}"
    page.goto(f"{servers[0].url}/{place}")
    page.unroute(file)
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_test_id("signin-form")).to_be_visible()
    assert page.url.endswith(place)
