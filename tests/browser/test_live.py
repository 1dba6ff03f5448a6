"""Prices that move, in a real browser: how soon, in which numbers, and not at all while nobody can see them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Locator, expect
from starlette.applications import Starlette

from api.app import create_app
from api.routes.stream import Streams
from assistant.page.feedback import Feedback
from assistant.page.services import Behind
from assistant.page.tabs.model_record import ModelRecord
from assistant.page.ticker import ticker
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.understanding import Language
from forecaster.errors import ConfigurationError
from forecaster.ledger.ledger import Ledger
from forecaster.schema import FIVE_MINUTES, Price
from tests.support.browser.chromium import DESKTOP, Visit, hold, pause, product_over, until
from tests.support.browser.fixtures import Open
from tests.support.browser.whole_service import listening
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import NOON, candles_ending
from tests.support.needs import require
from tests.support.service.streams import FAST, Moving
from tests.support.service.v1 import OPEN
from tools.track_record import TrackRecordAnswer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
TRIED = """window.tried = [];
window.EventSource = class extends EventSource {
    constructor(address) {
        super(address);
        tried.push(Date.now());
    }
};
"""
HEAR = """() => {
    window.heard = [];
    for (const name of ["quote", "candle", "settled", "outcome"]) {
        document.addEventListener(`cryptosense:${name}`, ({ detail }) => heard.push([name, detail.symbol]));
    }
}"""


def streams(chat: Visit) -> list[str]:
    return [url for url in chat.requests if "/v1/stream" in url]


def one_stream(chat: Visit) -> None:
    """All that moves came by one connection; any other, as after a stall of the machine, went on where it had ended."""
    first, *others = streams(chat)
    assert "after=" not in first and all("after=" in each for each in others)


def test_the_page_follows_the_exchange_within_seconds(browser: Browser, visit: Open, tmp_path: Path):
    """Usually within three; asserted is that it does at all, since a busy machine has no such promise."""
    with FakeExchanges(candles_ending(), NOON + 240) as exchanges, product_over(exchanges, tmp_path) as address:
        chat = visit(address)
        coin = chat.page.locator("#ticker .coin").first
        expect(coin).to_contain_text(f"BTC ${exchanges.price():,.2f}")
        lags = []
        for moved in (1.0011, 1.0007, 1.0013):
            pause(chat.page, 700)  # so that the changes fall at other moments of the two seconds
            exchanges.moved, began = moved, time.monotonic()
            expect(coin).to_contain_text(f"BTC ${exchanges.price():,.2f}")
            lags.append(time.monotonic() - began)
        print("seconds from the exchange to the page:", [round(lag, 2) for lag in lags])  # noqa: T201
        one_stream(chat)
        chat.ask("what's BTC next hour?")
        now = chat.cards.locator(".mark .now")
        for moved in (1.0009, 1.0004):
            exchanges.moved = moved
            expect(now).to_have_text(f"now ${exchanges.price():,.2f}")
        expect(chat.cards.locator(".mark > span").first).to_be_hidden()
        chat.page.close()  # before the service goes


class Lively(NamedTuple):
    """A page whose market a test moves, in this process."""

    address: str
    market: Moving
    app: FastAPI
    later: Iterator[int]

    @property
    def listeners(self) -> int:
        return len(self.app.state.streams.feed())

    def trades(self, price: float, symbol: str = "BTC-USD") -> None:
        """The last trade from now on, each later than the one before."""
        self.market.trades(price, at=300.0 + next(self.later), symbol=symbol)

    def until(self, holds: Callable[[], bool]) -> None:
        hold(holds)


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lively]:
    require("chromium")
    ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('kept') / 'ledger.db'}")
    market = Moving(ledger)

    async def turn(messages: object, *, site: str = "", zone: str = "UTC"):
        return
        yield

    async def record() -> ModelRecord:
        return ModelRecord(await market.report())

    async def outcomes(symbol: str) -> TrackRecordAnswer:
        raise ConfigurationError("There is no ledger.", "None is needed here.")

    async def page() -> Starlette:
        from assistant.page.app import chat_app  # Gradio

        liked = Feedback(tmp_path_factory.mktemp("liked") / "feedback.jsonl")
        return chat_app(Behind(turn, market.price, record, outcomes, liked, OPEN.symbols))

    app = create_app(lambda: market, OPEN, lambda: asyncio.run(page()))
    app.state.streams = Streams(app.state.model, OPEN.symbols, lambda reason: None, paces=FAST)
    with listening(app) as address:
        found = Lively(address, market, app, count())
        found.until(lambda: all(part.state.value == "ready" for part in app.state.parts))
        yield found
    ledger.close()


@pytest.fixture
def moving(lively: Lively) -> Lively:
    """The same before anything moved."""
    lively.until(lambda: lively.listeners == 0)
    return lively


def shown(chat: Visit) -> Locator:
    return chat.page.locator("#ticker .coin").first


def test_the_ticker_shows_the_newest_price_and_how_it_moved(moving: Lively, visit: Open):
    chat = visit(moving.address)
    moving.until(lambda: moving.listeners == 1)
    moving.trades(71_234.5)
    expect(shown(chat)).to_have_text("BTC $71,234.50 +2.29\u00a0% 24 h")
    expect(shown(chat).locator(".up")).to_have_count(1)
    moving.trades(1_000_000.05)
    expect(shown(chat)).to_contain_text("BTC $1,000,000.05 +")
    moving.trades(65_000.0)
    expect(shown(chat)).to_contain_text("BTC $65,000.00 \u2212")
    expect(shown(chat).locator(".down")).to_have_count(1)
    expect(shown(chat).locator(".cents")).to_have_text(".00")
    expect(chat.page.locator("#ticker .coin").nth(1)).to_contain_text("ETH")
    one_stream(chat)
    assert moving.listeners == 1


def test_a_price_that_the_page_got_otherwise_is_not_replaced_by_an_older_one(moving: Lively, visit: Open):
    chat = visit(moving.address)
    moving.until(lambda: moving.listeners == 1)
    moving.trades(50_000.0)
    expect(shown(chat)).to_contain_text("BTC $50,000.00")
    newer = NOON + 1_000_000
    told = {"symbol": "BTC-USD", "time": newer, "digits": 2, "before": 60_000}
    shown(chat).evaluate("(coin, told) => coin.setAttribute('content', JSON.stringify(told))", told)
    chat.page.evaluate(HEAR)
    moving.trades(51_000.0)
    until(chat.page, "() => heard.some(([name]) => name === 'quote')")
    expect(shown(chat)).to_contain_text("BTC $50,000.00")


def test_a_price_stays_where_the_page_itself_is_told_an_older_one(moving: Lively, visit: Open):
    chat = visit(moving.address)
    moving.until(lambda: moving.listeners == 1)
    older = shown(chat).evaluate("coin => coin.outerHTML")
    moving.trades(71_000.0)
    expect(shown(chat)).to_contain_text("BTC $71,000.00")
    text = shown(chat).evaluate(
        "(coin, older) => new Promise(done => {"
        "coin.outerHTML = older; setTimeout(() => done(document.querySelector('#ticker .coin').textContent)) })",
        older,
    )
    assert "BTC $71,000.00" in text


def test_numbers_are_written_as_the_server_writes_them(moving: Lively, visit: Open):
    chat = visit(moving.address)
    moving.until(lambda: moving.listeners == 1)
    german = ticker([price_of(moving)], Words(Visitor(language=Language.GERMAN)), OPEN.symbols)
    chat.page.locator("#ticker p").evaluate("(line, html) => { line.innerHTML = html }", german)
    moving.trades(71_234.5)
    expect(shown(chat)).to_have_text("BTC 71.234,50\u00a0$ +2,29\u00a0% 24 Std.")
    expect(shown(chat).locator(".cents")).to_have_text(",50")


def price_of(moving: Lively) -> Price:
    with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may have this one
        return thread.submit(asyncio.run, moving.market.price("BTC-USD")).result()


def test_a_hidden_page_holds_no_connection_and_goes_on_where_it_was(moving: Lively, visit: Open):
    chat = visit(moving.address)
    moving.until(lambda: moving.listeners == 1)
    moving.trades(71_000.0)
    expect(shown(chat)).to_contain_text("BTC $71,000.00")
    chat.page.evaluate(HIDE, True)
    moving.until(lambda: moving.listeners == 0)
    moving.trades(72_000.0)
    pause(chat.page, 500)
    assert moving.listeners == 0
    chat.page.evaluate(HIDE, False)
    expect(shown(chat)).to_contain_text("BTC $72,000.00")
    moving.until(lambda: moving.listeners == 1)
    one_stream(chat)
    assert len(streams(chat)) > 1


def test_other_scripts_are_told_what_happens(moving: Lively, visit: Open):
    chat = visit(moving.address)
    chat.page.evaluate(HEAR)
    moving.until(lambda: moving.listeners == 1)
    moving.trades(71_000.0, symbol="ETH-USD")
    moving.market.now += FIVE_MINUTES
    for told in ("quote ETH-USD", "candle BTC-USD"):
        until(chat.page, f"() => heard.some(each => each.join(' ') === '{told}')")


def test_a_lost_connection_is_tried_again_with_pauses(moving: Lively, visit: Open, browser: Browser):
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    page = context.new_page()
    page.clock.install()
    page.add_init_script(TRIED)
    page.route("**/v1/stream?*", lambda route: route.fulfill(status=503))
    page.goto(moving.address)
    moving.until(lambda: page.clock.run_for(500) is None and page.evaluate("() => tried.length") > 2)
    _, second, third, *_ = page.evaluate("() => tried")
    assert third - second >= 3000  # milliseconds by the page's clock: the second pause is between three and six seconds
    page.unroute("**/v1/stream?*")
    moving.until(lambda: page.clock.run_for(500) is None and moving.listeners == 1)
    moving.trades(71_000.0)
    expect(page.locator("#ticker .coin").first).to_contain_text("BTC $71,000.00")
    context.close()
