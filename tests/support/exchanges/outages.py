"""The whole service over imitated exchanges, and what it may say while they fail.

An outage is lived through hour by hour, one fault after another: the first exchange fails; an hour later all do, and
the candles at hand are told with their age; another hour later nothing is told any more.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from api.middleware.metrics import Metrics
from forecaster.database.health import Health
from forecaster.inference.predictor import Predictor
from forecaster.inference.window import Window
from forecaster.ledger.ledger import Ledger
from forecaster.market.candles import utc
from forecaster.market.exchanges.base import open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.sources import Snapshot
from forecaster.market.store import CandleStore
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.settings import Settings
from tests.support.artifacts.markets import market
from tests.support.exchanges.fake import AMPLE, FORMING, FakeExchanges
from tests.support.exchanges.faults import HARMLESS, OF_HOURS, RAW, causes
from tests.support.fakes import NOON
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.serving import assert_problem, served, settled

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = market(1200, seed=21, close_time=NOON + 800 * HOUR)
MINUTES = 4  # past the hour, whenever a question is asked
PRICE, FORECAST = "price", "forecast"
DOORS = (PRICE, FORECAST)


@dataclass(frozen=True)
class Told:
    """An answer, and how long it took."""

    door: str
    answer: httpx.Response
    seconds: float


def rotated(first: str) -> tuple[str, ...]:
    """All exchanges, in the usual order from `first` on."""
    at = NAMES.index(first)
    return NAMES[at:] + NAMES[:at]


def tape_at_noon() -> FakeExchanges:
    """Four exchanges at four minutes past noon, whose candles go on for a month."""
    return FakeExchanges(TAPE, NOON + 60.0 * MINUTES)


@asynccontextmanager
async def service(
    fake: FakeExchanges,
    predictor: Predictor,
    exchanges: tuple[str, ...] = NAMES,
    clock: Callable[[], float] | None = None,
    budget: float = AMPLE,
    **options: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, put together as app.py does; `clock` is ours, that of the exchanges unless given."""
    urls = {f"{name}_url": url for name, url in fake.urls.items()}
    settings = Settings(source="live", exchanges=exchanges, rate_limit="off", **urls, **options)
    http = open_client(httpx.AsyncHTTPTransport(verify=TLS))
    chain = [EXCHANGES[name](http, settings.exchange_url(name)) for name in settings.exchanges]
    clock = clock or fake.time
    counted = Metrics()
    health = Health(counted.database_works)
    store = CandleStore(settings.database_url, health, UNHURRIED)
    ledger = Ledger(settings.database_url, health, UNHURRIED)
    source = LiveSource(chain, store, clock=clock, budget=budget, timer=clock)
    backend = LocalBackend(source, predictor, ledger=ledger, clock=source.now)
    parts = {"counted": counted, "work": backend.watch, "database": health}
    async with served(lambda: backend, settings, close=backend.close, **parts) as client:
        await settled(client)
        yield client


async def ask(client: httpx.AsyncClient, door: str, symbol: str = "BTC-USD") -> Told:
    """Ask for the newest price, or for a forecast."""
    start = time.perf_counter()
    if door == PRICE:
        answer = await client.get("/v1/price", params={"symbol": symbol})
    else:
        answer = await client.post("/v1/forecast", json={"symbol": symbol})
    return Told(door, answer, time.perf_counter() - start)


async def lived_through(
    faults: Iterable[str], client: httpx.AsyncClient, fake: FakeExchanges, predictor: Predictor,
    order: tuple[str, ...], doors: tuple[str, ...] = DOORS,
) -> list[Told]:  # fmt: skip
    """The answers while each fault is lived through, every one of which was checked."""
    told = []
    for fault in faults:
        later = Outage(fault, client, fake, order, doors)
        told += [*await later.of_one(predictor), *await later.of_all_for_an_hour(), *await later.of_all_for_longer()]
    return told


class Outage:
    """Three hours with one fault."""

    def __init__(
        self, fault: str, client: httpx.AsyncClient, fake: FakeExchanges, order: tuple[str, ...], doors: tuple[str, ...]
    ) -> None:
        self.fault, self.client, self.fake, self.order, self.doors = fault, client, fake, order, doors
        self.harmless = fault in HARMLESS
        self.ids: set[str] = set()

    async def of_one(self, predictor: Predictor) -> list[Told]:
        """The first exchange fails: the next one's candles are told as if nothing were."""
        self.fake.heal()
        told = await self._hour_later(self.order[0])
        expected = expected_median(predictor, self.fake)
        for each in told:
            body = assert_given(each, self.fake)
            given = self.order[0] if self.harmless else self.order[1]
            assert body["source"] == given or each.door == PRICE  # a fault of candles may be none of tickers
            assert not {"stale_candles", "demo_data"} & set(body["warnings"])
            assert body["age_seconds"] == 60 * MINUTES
            if each.door == FORECAST:
                self.ids.add(body["id"])
                if self.fault != "gapped":  # of which less is known
                    gone = datetime.fromisoformat(body["price_time"]) - datetime.fromisoformat(body["as_of"])
                    moved = (expected / body["last_close"]) ** (1 - gone.total_seconds() / HOUR)
                    told_move = body["horizons"][0]["median"] / body["last_price"]
                    assert abs(told_move / moved - 1) < 1e-7  # batches of other sizes round otherwise
        return told

    async def of_all_for_an_hour(self) -> list[Told]:
        """All fail for the first time: the candles before are told with their age, and why there are no newer ones."""
        told = await self._hour_later("all")
        for each in told:
            self.assert_told(each)
        return told

    async def of_all_for_longer(self) -> list[Told]:
        """All still fail, and the candles at hand are too old: a problem that says why."""
        told = await self._hour_later("all")
        for each in told:
            if self.harmless or (self._leaves_minutes(each) and each.answer.status_code == 200):
                self.assert_told(each)
            else:
                self.assert_refused(each)
        return told

    def assert_told(self, told: Told) -> None:
        """The answer goes on from what closed just now, where that was had; else from an hour before, and says why."""
        body = assert_given(told, self.fake)
        stale = ForecastWarning.STALE_CANDLES in body["warnings"]
        if self.harmless or (self._leaves_minutes(told) and not stale):
            assert not stale
            assert body["age_seconds"] == 60 * MINUTES
            if told.door == FORECAST:
                assert body["id"] not in self.ids
                self.ids.add(body["id"])
            return
        assert stale
        assert body["age_seconds"] == HOUR + 60 * MINUTES
        self.assert_causes(body["notes"][0])
        assert_discreet(told.answer)
        if told.door == FORECAST:  # no new one is made of old candles
            assert body["id"] in self.ids
        else:
            assert told.answer.headers["cache-control"] == "public, max-age=0"

    def assert_refused(self, told: Told) -> None:
        """The answer is a problem that names every exchange, its fault and a remedy."""
        detail = assert_problem(told.answer, 503)["detail"]
        assert detail.startswith("No exchange gave candles for BTC-USD (")
        self.assert_causes(detail)
        assert "try again in a minute" in detail
        assert told.answer.headers["retry-after"] == "60"
        assert_discreet(told.answer)

    def assert_causes(self, words: str) -> None:
        for name in self.order:
            assert any(f"{name} {cause}" in words for cause in causes(name, self.fault)), words

    def _leaves_minutes(self, told: Told) -> bool:
        """Whether it may be a forecast from new five minutes, which the fault leaves whole.

        An exchange gives them unless its hours were asked for first: as these fail, it is left alone for a while.
        """
        return self.fault in OF_HOURS and told.door == FORECAST

    async def _hour_later(self, failing: str) -> list[Told]:
        assert self.fake.now is not None
        self.fake.now += HOUR
        self.fake.fail(failing, self.fault)
        told = await asyncio.gather(*(ask(self.client, door) for door in self.doors))
        await ask(self.client, PRICE, "ETH-USD")  # a forecast asks for it, and need not wait: nothing is left under way
        return told


def assert_given(told: Told, fake: FakeExchanges) -> dict[str, Any]:
    """The answer's close is that of a closed candle that the exchanges gave, and the forecast goes on from it.

    A price that carries no warning is the last trade's.
    """
    assert told.answer.status_code == 200, told.answer.text
    body: dict[str, Any] = told.answer.json()
    as_of = datetime.fromisoformat(body["as_of"]).timestamp()
    assert as_of <= fake.time()
    [close] = fake.closed(body["symbol"], FIVE_MINUTES).since(as_of - FIVE_MINUTES)[:1].close.tolist()
    assert body["quote"] == EXCHANGES[body["source"]].quote
    assert body["last_close"] == close
    if told.door == PRICE:
        assert datetime.fromisoformat(body["time"]).timestamp() <= fake.time()
        assert abs(body["price"] / close - 1) < (FORMING - 1) / 2
        if not body["warnings"]:
            assert body["price"] == pytest.approx(fake.price(body["symbol"]))
        return body
    [horizon] = body["horizons"]
    prices = list(horizon["quantiles"].values())
    assert all(low < high for low, high in pairwise(prices))
    assert abs(horizon["median"] / close - 1) < (FORMING - 1) / 2
    assert horizon["target_time"] == utc(as_of + HOUR).isoformat().replace("+00:00", "Z")
    return body


def assert_discreet(answer: httpx.Response) -> None:
    """Nothing in it comes from an exchange's own words, from a foreign error, or from our settings."""
    for secret in (RAW, "http", "127.0.0.1", "Traceback", "Error", "Exception", "errno"):
        assert secret not in answer.text


def expected_median(predictor: Predictor, fake: FakeExchanges) -> float:
    """Of the close in an hour, from the candles that are closed now and no others; a full hour has just passed."""
    btc, eth, fine = (
        Snapshot(symbol, "bitstamp", "USD", fake.closed(symbol, step)[-300:], fake.time())
        for symbol, step in (("BTC-USD", HOUR), ("ETH-USD", HOUR), ("BTC-USD", FIVE_MINUTES))
    )
    return predictor.ahead(predictor.standing(Window(btc, eth, fine)), [60]).horizons[0].median


async def frozen(
    client: httpx.AsyncClient, fake: FakeExchanges, minutes: int, pass_minutes: Callable[[int], None]
) -> list[tuple[int, Told]]:
    """Questions at every quarter of an hour, by the age in seconds that the newest candle then has."""
    told = []
    for minute in range(MINUTES, minutes, 15):
        told += [(60 * minute, await ask(client, door)) for door in DOORS]
        pass_minutes(15)
    return told


def assert_flagged_then_refused(told: Iterable[tuple[int, Told]], order: tuple[str, ...], cause: str) -> None:
    """Each answer says how old its candle is, that a newer one must exist once it does, and from two hours on none.

    A price stands beside the close of an hour, a forecast goes on from that of five minutes.
    """
    for age, each in told:
        if age >= 2 * HOUR:
            detail = assert_problem(each.answer, 503)["detail"]
            assert all(f"{name} {cause}" in detail for name in order), detail
            assert "try again in a minute" in detail
            continue
        body = each.answer.json()
        assert body["age_seconds"] == age
        late = age >= (HOUR if each.door == PRICE else FIVE_MINUTES)
        stale = ForecastWarning.STALE_CANDLES in body["warnings"]
        assert stale if late else each.door == PRICE or not stale  # a trade grows old sooner than a candle
        assert any(f"closed {age // 60} minutes ago" in note for note in body["notes"]) == late
