"""The product in a browser through a real nginx: at the root and below a path, plain and over TLS."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Response, expect

from tests.support.browser import sites
from tests.support.browser.chromium import DESKTOP, PATIENCE, product
from tests.support.fakes import NOON, candles_ending
from tests.support.needs import require
from tests.support.service.nginx import BELOW, LEFT_ON, NAMED, Nginx, Site, nginx

QUESTION = "what's BTC next hour?"
WAYS = ("at the root", "at the root, TLS", "taken off", "taken off, TLS", "left on", "named by the proxy, TLS")
FEW = WAYS[1::2]  # which differ most
STRANGER = """<!doctype html><title>A site</title><link rel="icon" href="data:,"><h1>A site</h1><p id="heard"></p>
<script>addEventListener("cryptosense:forecast", ({ detail }) => { heard.textContent = detail.symbol })</script>
<script src="ADDRESS/widget.js" defer></script>"""


class Front(NamedTuple):
    """The product behind nginx, and a site of somebody else that may embed it."""

    proxy: Nginx
    stranger: sites.Site

    def address(self, way: str) -> str:
        """Where the page is."""
        return f"{self.proxy.addresses[WAYS.index(way)]}/"


class Visitor:
    """A browser window, what it asked nginx for, what it got, and what it complained about."""

    def __init__(self, context: BrowserContext, ours: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self._ours = ours
        self._strays: list[str] = []
        self._complaints: list[str] = []
        context.on("response", self._look)
        context.on("requestfailed", lambda failed: self._complain(f"{failed.url}: {failed.failure}", failed.failure))
        context.on("weberror", lambda error: self._complain(str(error.error)))
        context.on("console", lambda said: self._complain(said.text) if said.type in ("error", "warning") else None)

    def content(self, allowed: str = "data:") -> None:
        """All that was asked for lies below `ours` or at `allowed`, and was found; the browser has no complaint."""
        strays = [url for url in self._strays if not url.startswith(allowed)]
        assert (strays, self._complaints) == ([], [])

    def _look(self, answer: Response) -> None:
        if not answer.url.startswith(self._ours):
            self._strays.append(answer.url)
        if answer.status >= 400:
            self._complain(f"{answer.status} {answer.url}")

    def _complain(self, text: str, failure: str | None = None) -> None:
        if failure != "net::ERR_ABORTED":  # a stream that the page has ended itself
            self._complaints.append(text)


Open = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    require("chromium")  # or all this would be for nothing
    with ExitStack() as stack:
        stranger = stack.enter_context(sites.site())

        def service(**settings: str) -> str:
            common = {"ALLOWED_ORIGINS": stranger.address, "TRUSTED_PROXIES": "127.0.0.1"}
            folder = tmp_path_factory.mktemp("product")
            return stack.enter_context(product(folder, candles_ending(), NOON + 240, **common, **settings))

        plain, below = service(), service(ROOT_PATH="/cs")
        served = (
            *(Site(plain), Site(plain, tls=True), Site(below, BELOW), Site(below, BELOW, tls=True)),
            *(Site(below, LEFT_ON), Site(plain, NAMED, tls=True)),
        )
        proxy = stack.enter_context(nginx(tmp_path_factory.mktemp("nginx"), served))
        yield Front(proxy, stranger)


@pytest.fixture
def visit(browser: Browser, front: Front) -> Iterator[Open]:
    """Opens windows for what a way leads to; in the end nginx, too, must have been asked for nothing else."""
    opened: list[tuple[BrowserContext, str]] = []

    def visit(way: str) -> Visitor:
        context = browser.new_context(viewport=DESKTOP, ignore_https_errors=True)  # type: ignore[arg-type]
        opened.append((context, front.address(way)))
        return Visitor(context, front.address(way))

    yield visit
    for context, address in opened:
        context.close()
        prefix = "/" + address.split("/", 3)[3]
        assert [path for path in front.proxy.asked(address) if not path.startswith(prefix)] == []


def ask(place: Page | Frame) -> None:
    """Type a question as a visitor does, and see its answer."""
    place.locator("#box textarea").fill(QUESTION)
    place.locator("#box textarea").press("Enter")
    expect(place.locator(".bot-row .forecast-card")).to_have_count(1, timeout=PATIENCE)
    expect(place.get_by_test_id("submit-button")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("way", WAYS)
def test_the_page_answers_and_its_tabs_fill(front: Front, visit: Open, way: str):
    visitor = visit(way)
    page = visitor.page
    page.goto(front.address(way))
    expect(page.locator("#ticker")).to_contain_text("BTC", timeout=PATIENCE)
    expect(page.locator("#top")).to_have_css("font-family", re.compile("system-ui"))  # the theme's
    ask(page)
    page.get_by_label("Like", exact=True).last.click()
    page.get_by_role("tab", name="Model report").click()
    report = page.get_by_role("tabpanel").locator("article.page")
    expect(report.get_by_role("img")).to_have_count(6, timeout=PATIENCE)
    page.get_by_role("tab", name="Track record").click()
    expect(page.get_by_role("tabpanel").locator("article.page")).to_contain_text("forecast", timeout=PATIENCE)
    visitor.content()


@pytest.mark.parametrize("way", FEW)
def test_the_widget_answers_on_a_strangers_page(front: Front, visit: Open, way: str):
    visitor = visit(way)
    page, address = visitor.page, front.address(way)
    page.goto(front.stranger.add(STRANGER.replace("ADDRESS", address.rstrip("/"))))
    page.keyboard.press("Tab")  # to the bubble, which no selector reaches
    with page.expect_event("framenavigated", lambda frame: frame.url.startswith(f"{address}?embed=1")) as framed:
        page.keyboard.press("Enter")
    ask(framed.value)
    expect(page.locator("#heard")).to_have_text("BTC-USD", timeout=PATIENCE)
    visitor.content(front.stranger.address)


@pytest.mark.parametrize("way", FEW)
def test_the_page_about_the_widget_writes_the_line_with_the_prefix(front: Front, visit: Open, way: str):
    visitor = visit(way)
    visitor.page.goto(f"{front.address(way)}widget")
    expect(visitor.page.locator("#line")).to_have_text(f'<script src="{front.address(way)}widget.js" defer></script>')
    visitor.content()


@pytest.mark.parametrize("way", FEW)
def test_the_documentation_loads_and_a_request_from_it_is_answered(front: Front, visit: Open, way: str):
    visitor = visit(way)
    page = visitor.page
    page.goto(f"{front.address(way)}docs")
    page.locator("#operations-service-healthz_healthz_get").get_by_role("button").first.click(timeout=PATIENCE)
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200", timeout=PATIENCE)
    expect(page.locator(".request-url")).to_contain_text(f"{front.address(way)}healthz")
    expect(page.get_by_role("link", name="/llms.txt")).to_have_attribute("href", re.compile(r"^(\./)?llms\.txt$"))
    visitor.content()
