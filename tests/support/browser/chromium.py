"""Debian's Chromium, and the whole product for it to visit: app.py over fake exchanges, with the trained model."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from composition import Composition
from forecaster.market.candles import Candles
from forecaster.schema import HOUR, SYMBOLS
from forecaster.settings import Settings
from tests.support.exchanges.fake import FakeExchanges
from tests.support.needs import require
from tests.support.service.processes import started, until_ready

ALONE = (  # no sandbox, since tests may run as root; and nothing that calls home
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # of which a container has 64 MB, and a page that finds it full crashes
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1180, "height": 1010}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds: far more than anything here takes, even on a machine that stalls for seconds


expect.set_options(timeout=PATIENCE)


class Visit:
    """One visitor's page, what it asked the network for, and what the browser complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.box = page.locator("#box textarea")
        self.questions = page.locator(".user-row")
        self.cards = page.locator(".forecast-card")
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        expect(page.locator("#ticker span").first).to_be_visible()
        opened(page)

    def type(self, text: str) -> None:
        """Write into the box, as keys do."""
        self.box.press_sequentially(text)

    def ask(self, question: str, number: int = 1) -> None:
        """Send a question, the visitor's first or a later one, and wait for the end of the reply."""
        self.type(question)
        self.box.press("Enter")
        self.answered(number)

    def answered(self, questions: int = 1) -> None:
        """Wait until that many questions are on the page, each with a reply, and no turn is running."""
        answered(self.page.locator("body"), questions)

    @property
    def reply(self) -> Locator:
        """Everything the assistant has shown last."""
        return self.page.locator(".bot-row").last

    def foreign(self) -> list[str]:
        """Requests that went anywhere but to the server itself."""
        ours = "/".join(self.address.split("/")[:3])
        return [url for url in self.requests if not url.startswith((f"{ours}/", "data:"))]


def answered(chat: Locator, questions: int = 1) -> None:
    """Wait until the chat within an element holds that many questions, each with a reply, and no turn is running."""
    expect(chat.locator(".user-row")).to_have_count(questions)
    expect(chat.locator(".bot-row").nth(questions)).to_be_visible()  # the one before them greets
    expect(chat.get_by_test_id("submit-button")).to_be_visible()


def opened(page: Page) -> None:
    """Wait until the page shows what its address asks for, and what the browser has kept."""
    expect(page.locator("html:not(.restoring) #name.opened")).to_be_visible()


def begun(page: Page) -> None:
    """Wait until the browser has kept the question whose turn is running: now a reload asks it again."""
    until(
        page,
        """() => !document.documentElement.classList.contains("restoring")
            && (sessionStorage.getItem("cryptosense turns / ") ?? "").includes('"done":false')""",
    )


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A browser. Tests that use it must not be async: Playwright brings an event loop of its own.

    The tests of the chat share one: the fixture `browser` (tests/support/browser/fixtures.py).
    """
    program = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ALONE, *flags])
        yield browser
        browser.close()


@contextmanager
def product(directory: Path, candles: Candles, now: float, lived: int = 0, **settings: str) -> Iterator[str]:
    """Address of the product, serving chat and API on the shipped model; its candles are kept in `directory`.

    Before `now` it has lived so many hours, and forecast at the beginning of each.
    """
    with FakeExchanges(candles, now) as exchanges, product_over(exchanges, directory, lived, **settings) as address:
        yield address


@contextmanager
def product_over(exchanges: FakeExchanges, directory: Path, lived: int = 0, **settings: str) -> Iterator[str]:
    """The same over exchanges that a test can move meanwhile."""
    kept = {"DATABASE_URL": f"sqlite:///{directory / 'candles.db'}", "SOURCE": "live", "SCHEDULE": "true"}
    ours = {f"CRYPTOSENSE_{name}": value for name, value in (kept | settings).items()}
    environment = exchanges.settings_env() | ours
    with pytest.MonkeyPatch.context() as patch:  # not for as long as it runs: other tests run meanwhile
        for name, value in environment.items():
            patch.setenv(name, value)
        if lived:
            with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may have this one
                thread.submit(asyncio.run, _live(exchanges, exchanges.time(), lived)).result()
    with started(environment=environment, log=directory / "log") as (_, address):
        until_ready(address)
        yield address


async def _live(exchanges: FakeExchanges, now: float, hours: int) -> None:
    for back in range(hours, -1, -1):
        exchanges.now = now - back * HOUR
        parts = Composition(Settings())  # which remembers no candles of an hour before
        for symbol in SYMBOLS:
            await parts.backend.forecast(symbol, 24)
            candles = (await parts.source.five_minutes(symbol, 300)).candles
            parts.ledger.settle(symbol, "bitstamp", candles)
        await parts.close()


@contextmanager
def visits(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens addresses in fresh pages; in the end, each must have kept to its server and been content."""
    opened: list[Visit] = []

    def visit(address: str, viewport: dict[str, int] = DESKTOP, **options: str) -> Visit:
        page = browser.new_page(viewport=viewport, **options)  # type: ignore[arg-type]
        opened.append(Visit(page, address))
        return opened[-1]

    try:
        yield visit
    finally:
        for each in opened:
            each.page.close()
    for each in opened:
        assert each.foreign() == []
        assert each.complaints == []


def pause(page: Page, milliseconds: int) -> None:
    """Let the page go on for so long, where what is looked for is that nothing happens."""
    page.evaluate("time => new Promise(done => setTimeout(done, time))", milliseconds)


def until(page: Page, holds: str) -> None:
    """Return once a function of the page gives true. Fails where it does not within PATIENCE."""
    page.evaluate(
        f"""() => new Promise((done, fail) => {{
            const end = Date.now() + {PATIENCE};
            const late = () => Date.now() > end && (fail(new Error("It never held.")), true);
            const look = () => ({holds})() ? done() : late() || setTimeout(look, 20);
            look();
        }})"""
    )


def at_rest(part: Locator) -> None:
    """Return once the document that holds it has stood still: nothing was drawn anew for a while, nothing glides."""
    part.evaluate(
        """async (part) => {
            const page = part.ownerDocument;
            const glides = () => page.getAnimations().some(({ playState, effect }) =>
                playState === "running" && effect.getComputedTiming().endTime !== Infinity);
            let changed = performance.now();
            const watch = new MutationObserver(() => { changed = performance.now(); });
            watch.observe(page, { subtree: true, childList: true, characterData: true, attributes: true });
            const end = changed + 60_000;
            while ((performance.now() < changed + 200 || glides()) && performance.now() < end) {
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
            }
            watch.disconnect();
        }"""
    )


def hold(holds: Callable[[], object]) -> None:
    """Return once something holds. A page that has to answer routes meanwhile must be asked something for it."""
    end = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def settles(read: Callable[[], object], wanted: object) -> None:
    """Return once what is read is what is wanted: for what no locator can be expected to be."""
    end = time.monotonic() + PATIENCE / 1000
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found == wanted
