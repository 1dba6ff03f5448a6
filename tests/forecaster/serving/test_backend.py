"""The local backend: what tools and API get to see of a source and a model."""

import asyncio

import pytest

from forecaster.errors import CryptoSenseError, InvalidInput, NoCandles, UnsupportedSymbol
from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import hourly
from tests.support.artifacts.markets import market
from tests.support.fakes import LAST_CLOSE, NOON, FakeSource, HoursAlone, candles_ending

NO_MINUTES = "no five-minute candles could be had, so hours of the clock were used, up to the newest full hour"


@pytest.fixture
def source():
    return FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", candles_ending(), NOON + 240.0))


@pytest.fixture
def backend(source, classic):
    return LocalBackend(source, classic)


async def test_a_price_is_the_newest_close_with_its_change_over_a_day(backend):
    price = await backend.price("BTC-USD")
    assert price.price == LAST_CLOSE
    assert price.as_of == utc(NOON)
    assert price.change_24h_pct == pytest.approx(100 * (LAST_CLOSE / float(candles_ending().close[-25]) - 1))


async def test_without_a_day_of_candles_there_is_no_change_over_a_day(backend, source):
    source.snapshot = Snapshot("BTC-USD", "bitstamp", "USD", candles_ending(hours=5), NOON + 240.0)
    assert (await backend.price("BTC-USD")).change_24h_pct is None


async def test_a_span_of_candles_says_what_happened_over_it(backend):
    span = await backend.candles("BTC-USD", 24)
    part = candles_ending()[-24:]
    assert span.hours == len(span.candles) == 24
    assert (span.first_open, span.last_close) == (float(part.open[0]), LAST_CLOSE)
    assert (span.low, span.high) == (float(part.low.min()), float(part.high.max()))
    assert span.change_pct == pytest.approx(100 * (LAST_CLOSE / float(part.open[0]) - 1))


@pytest.mark.parametrize("hours", [0, -1, 301])
async def test_a_span_outside_what_is_offered_is_refused(backend, hours):
    with pytest.raises(InvalidInput, match="Ask for 1 to 300 hours"):
        await backend.candles("BTC-USD", hours)


async def test_an_unsupported_forecast_is_refused_before_any_candle_is_fetched(backend, source):
    with pytest.raises(UnsupportedSymbol):
        await backend.forecast("ETH-USD", 1)
    assert source.asked == []


async def test_a_forecast_and_the_report_come_from_the_model(backend):
    forecast = await backend.forecast("BTC-USD", 1)
    report = await backend.report()
    assert forecast.skill == report.skill
    assert report.persistence.mae < report.model.mae


class TwoMarkets(HoursAlone):
    """A source of both symbols, either of which may fail or take its time."""

    def __init__(self):
        self.markets = {"BTC-USD": market(600, seed=1), "ETH-USD": market(600, seed=2, start=1_500.0)}
        self.failure: dict[str, CryptoSenseError] = {}
        self.warnings: dict[str, tuple[ForecastWarning, ...]] = {}
        self.held: set[str] = set()
        self.asked: list[str] = []

    async def latest(self, symbol, hours):
        self.asked.append(symbol)
        while symbol in self.held or len(self.asked) < 2:  # both are under way before either is answered
            await asyncio.sleep(0.01)
        if symbol in self.failure:
            raise self.failure[symbol]
        candles = self.markets[symbol][-hours:]
        return Snapshot(symbol, "bitstamp", "USD", candles, NOON + 240.0, self.warnings.get(symbol, ()))

    async def close(self):
        pass


@pytest.fixture
def both():
    return TwoMarkets()


@pytest.fixture
def alone(quantile, both):
    """The forecast from BTC's candles alone."""
    snapshot = Snapshot("BTC-USD", "bitstamp", "USD", both.markets["BTC-USD"], NOON + 240.0)
    return quantile.forecast(hourly(snapshot, NO_MINUTES), 24)


async def test_both_symbols_are_fetched_at_once_for_a_model_that_reads_both(quantile, both, alone):
    forecast = await LocalBackend(both, quantile).forecast("BTC-USD", 24)
    assert both.asked == ["BTC-USD", "ETH-USD"] or both.asked == ["ETH-USD", "BTC-USD"]
    assert forecast.horizons != alone.horizons


async def test_a_forecast_is_made_without_the_other_symbol_where_it_fails(quantile, both, alone):
    both.failure["ETH-USD"] = NoCandles("ETH-USD", ())
    assert await LocalBackend(both, quantile).forecast("BTC-USD", 24) == alone


async def test_a_forecast_does_not_wait_long_for_the_other_symbol(quantile, both, alone):
    both.held.add("ETH-USD")
    assert await LocalBackend(both, quantile).forecast("BTC-USD", 24) == alone


async def test_simulated_candles_do_not_inform_a_forecast_of_a_real_market(quantile, both, alone):
    both.warnings["ETH-USD"] = (ForecastWarning.DEMO_DATA,)
    assert await LocalBackend(both, quantile).forecast("BTC-USD", 24) == alone


async def test_a_symbol_without_candles_has_no_forecast_whatever_the_other_has(quantile, both):
    both.failure["BTC-USD"] = NoCandles("BTC-USD", ())
    with pytest.raises(NoCandles):
        await LocalBackend(both, quantile).forecast("BTC-USD", 24)


async def test_closing_the_backend_closes_its_source(backend, source):
    await backend.close()
    assert source.closed
