"""Coins side by side: what they are compared by, who leads, and who is left out and why."""

import asyncio
import json

import pytest

from forecaster.errors import ExchangeError, NoCandles
from forecaster.market.symbols import catalogue
from tests.support.fakes import FakeBackend
from tests.tools.test_registry import TalkativeBackend
from tools.candles import GET_CANDLES
from tools.compare import AT_ONCE, COMPARE
from tools.tool import LONGEST_TEXT, BoundTool

PRICES = {"BTC-USD": 1.0, "ETH-USD": 1 / 32, "SOL-USD": 1 / 500}


class Market(FakeBackend):
    """Coins of different prices, of which the dearer ones move less."""

    def __init__(self, **options):
        super().__init__(longest=24, **options)
        self.silent: dict[str, Exception] = {}
        self.demo: set[str] = set()
        self.asking = self.most = 0

    async def price(self, symbol):
        price = await self._asked(symbol, super().price(symbol))
        return price.model_copy(update={"price": price.price * PRICES.get(symbol, 1.0)})

    async def candles(self, symbol, hours):
        span = await self._asked(symbol, super().candles(symbol, hours))
        return span.model_copy(update={"change_pct": -1 / PRICES.get(symbol, 1.0)})

    async def forecast(self, symbol, hours=None, **ahead):
        return await self._asked(symbol, super().forecast(symbol, hours, **ahead))

    async def _asked(self, symbol, answer):
        self.asking += 1
        self.most = max(self.most, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        found = await answer
        if symbol in self.silent:
            raise self.silent[symbol]
        if symbol in self.demo:
            return found.model_copy(update={"source": "demo", "warnings": ("demo_data",)})
        return found


async def call(backend=None, **arguments):
    asked = {"symbols": list(PRICES)} | arguments
    result = await BoundTool(COMPARE, backend or Market()).call(asked)
    return json.loads(result.text), result.data


async def test_prices_are_compared_with_the_ratio_of_the_first_two():
    told, answer = await call(by="price")
    assert (told["highest"], told["lowest"], told["price_of_first_in_second"]) == ("BTC-USD", "SOL-USD", 32)
    assert [row.partition(",")[0] for row in told["coins"]["rows"]] == list(PRICES)
    assert answer.ratio == pytest.approx(32)


async def test_moves_are_compared_with_their_sign():
    told, answer = await call(hours=6)
    assert (told["by"], told["hours"], told["highest"], told["lowest"]) == ("move", 6, "BTC-USD", "SOL-USD")
    assert [row.change_pct for row in answer.rows] == pytest.approx([-1, -32, -500])


async def test_volatility_is_the_deviation_of_hourly_returns():
    _, answer = await call(by="volatility", hours=48)
    assert all(row.volatility_pct > 0 for row in answer.rows)


async def test_coins_are_compared_between_two_moments_as_their_candles_are_told():
    day = {"start": "2026-03-18T00:00Z", "end": "2026-03-19T00:00Z"}
    backend = FakeBackend()
    told, answer = await call(backend, **day)
    assert (told["start"], told["end"], told["hours"]) == (day["start"], day["end"], 24)
    for row in answer.rows:
        alone = await BoundTool(GET_CANDLES, backend).call({"symbol": row.symbol, **day})
        assert row.change_pct == pytest.approx(alone.data.span.change_pct)
        assert row.price == alone.data.span.last_close
        assert row.volatility_pct == pytest.approx(alone.data.volatility_pct)


async def test_a_span_without_an_end_reaches_until_now():
    told, answer = await call(FakeBackend(), by="volatility", start="2026-03-19T00:00Z")
    assert told["hours"] == 12 and answer.end == answer.rows[0].as_of


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"start": "2026-03-19T00:00Z", "end": "2026-03-19T00:00Z"}, "start must lie before end"),
        ({"by": "price", "start": "2026-03-19T00:00Z"}, "only move and volatility have a start or an end"),
        ({"by": "forecast", "end": "2026-03-19T00:00Z"}, "only move and volatility have a start or an end"),
        ({"start": "2025-01-01T00:00Z"}, "Ask for a span that begins later"),
    ],
)
async def test_a_span_that_cannot_be_compared_is_refused_with_what_to_do(asked, words):
    told, answer = await call(FakeBackend(), **asked)
    assert answer is None and words in told["message"]


async def test_forecasts_are_compared_by_their_width_as_far_as_they_reach():
    told, answer = await call(by="forecast", hours=100)
    assert told["hours"] == 24 and told["coins"]["columns"].startswith("symbol,price,width_pct,probability_up")
    assert all(0 < row.width_pct < 20 and row.probability_up == 0.51 for row in answer.rows)


async def test_without_a_record_of_any_coin_there_is_nothing_to_compare():
    told, answer = await call(by="record")
    assert answer is None and told["error"] == "unavailable"


async def test_a_coin_that_cannot_be_had_is_left_out_with_the_reason():
    backend = Market()
    backend.silent["ETH-USD"] = NoCandles("ETH-USD", (ExchangeError("kraken", "timed out"),))
    told, answer = await call(backend, by="price")
    assert told["left_out"] == ["ETH-USD"] and "kraken timed out" in told["notes"]
    assert answer.left_out[0].symbol == "ETH-USD" and answer.ratio is None
    assert [row.symbol for row in answer.rows] == ["BTC-USD", "SOL-USD"]


async def test_where_no_coin_can_be_had_the_first_reason_is_told():
    backend = Market()
    backend.silent = {symbol: NoCandles(symbol, (ExchangeError("kraken", "timed out"),)) for symbol in PRICES}
    told, answer = await call(backend)
    assert answer is None and "kraken timed out" in told["message"]


async def test_a_simulated_price_is_never_compared_with_a_real_one():
    backend = Market()
    backend.demo = {"SOL-USD"}
    told, answer = await call(backend)
    assert told["left_out"] == ["SOL-USD"] and "simulated" in told["notes"]
    assert not any(row.simulated for row in answer.rows)
    backend.demo = set(PRICES)
    told, answer = await call(backend)
    assert len(answer.rows) == 3 and told["warnings"] == ["demo_data"] and all(row.simulated for row in answer.rows)


@pytest.mark.parametrize("by", ["price", "move", "volatility", "forecast"])
async def test_every_coin_at_once_is_asked_a_few_at_a_time_and_stays_small(by):
    backend = Market()
    told, answer = await call(backend, symbols=list(catalogue()), by=by)
    assert len(told["coins"]["rows"]) == len(answer.rows) == len(catalogue())
    assert 1 < backend.most <= AT_ONCE
    talkative = await BoundTool(COMPARE, TalkativeBackend(longest=24)).call({"symbols": list(catalogue()), "by": by})
    assert len(talkative.text.encode()) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"symbols": ["BTC-USD"]}, "symbols: List should have at least 2 items"),
        ({"symbols": ["BTC-USD", "BTC-USD"]}, "name each coin once"),
        ({"symbols": ["BTC-USD", "secret"]}, "symbols: Input should be a coin in US dollars"),
        ({"by": "beauty"}, "by: Input should be"),
        ({"hours": 169}, "hours: Input should be less than or equal to 168"),
    ],
)
async def test_what_cannot_be_compared_is_refused_in_words(asked, words):
    told, answer = await call(**asked)
    assert answer is None and words in told["message"] and "secret" not in told["message"]
