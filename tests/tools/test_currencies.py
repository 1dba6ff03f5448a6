"""A forecast asked about prices in another currency: converted at the rate of now, and told in both."""

import json

import pytest

from forecaster.errors import ExchangeError
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tools.forecast import FORECAST
from tools.tool import BoundTool

RATE = 0.9  # euros for a dollar, as FakeBackend has it


async def ask(backend=None, **arguments):
    bound = BoundTool(FORECAST, backend or FakeBackend(longest=24))
    result = await bound.call({"symbol": "BTC-USD", "hours": 4} | arguments)
    return json.loads(result.text), result.data


async def test_a_threshold_in_euros_has_the_chances_of_the_same_in_dollars():
    told, _ = await ask(threshold=63_000.0, currency="EUR")
    dollars, _ = await ask(threshold=70_000.0)
    assert told["probability_above"] == dollars["probability_above"] == pytest.approx(0.469, abs=0.1)
    assert (told["threshold"], told["threshold_in_currency"]) == (70_000.0, 63_000.0)
    assert (told["currency"], told["per_dollar"], told["rate_source"]) == ("EUR", RATE, "bitstamp")


async def test_two_prices_a_touch_and_an_amount_of_money_are_converted_too():
    told, _ = await ask(between=[62_100.0, 63_900.0], currency="EUR")
    assert (told["between"], told["between_in_currency"]) == ([69_000.0, 71_000.0], [62_100.0, 63_900.0])
    told, _ = await ask(threshold=63_900.0, touch=True, currency="EUR")
    assert (told["threshold"], told["probability_of_touch"]) == (71_000.0, "not known")
    told, _ = await ask(move=900.0, currency="EUR")
    assert told["move_size"] == pytest.approx(1_000.0)
    told, _ = await ask(amount=450.0, amount_in="quote", currency="EUR")
    assert (told["amount"], told["amount_in_currency"], told["value_now"]) == (500.0, 450.0, 500.0)
    told, _ = await ask(amount=2.0, currency="EUR")  # coins are coins
    assert told["amount"] == 2.0 and "amount_in_currency" not in told


async def test_the_prices_at_a_level_are_told_in_both():
    told, answer = await ask(level=80.0, currency="EUR")
    assert told["stays_above_in_currency"] == pytest.approx(RATE * told["stays_above"], abs=0.02)
    assert told["stays_below_in_currency"] == pytest.approx(RATE * told["stays_below"], abs=0.02)
    assert answer.in_currency.range_low < RATE * LAST_CLOSE < answer.in_currency.range_high


@pytest.mark.parametrize("currency", ["USD", "USDT", None])
async def test_dollars_are_not_converted_and_nobody_is_asked_for_a_rate(currency):
    backend = FakeBackend(longest=24)
    told, answer = await ask(backend, threshold=70_000.0, currency=currency)
    assert told["threshold"] == 70_000.0 and answer.in_currency is answer.currency_unknown is None
    assert "quote_in" not in [name for name, _ in backend.calls]


@pytest.mark.parametrize("asked", [{"threshold": 60_000.0, "touch": True}, {"between": [1.0, 2.0]}, {"level": 90.0}])
@pytest.mark.parametrize("currency", ["NGN", "ETH"])
async def test_without_a_rate_the_forecast_is_told_and_that_there_is_none(asked, currency):
    told, answer = await ask(currency=currency, **asked)
    assert (told["currency_nobody_quotes"], answer.currency_unknown) == (currency, currency)
    assert not told.keys() & {"threshold", "between", "probability_of_touch", "per_dollar"} and told["range_80"]
    assert answer.threshold is None and answer.in_currency is None


async def test_an_exchange_that_fails_and_simulated_prices_give_no_rate():
    failing = FakeBackend(longest=24)
    failing.failure["quote_in"] = ExchangeError("bitstamp", "HTTP 500")
    for backend in (failing, FakeBackend(longest=24, source="demo")):
        told, answer = await ask(backend, threshold=60_000.0, currency="EUR")
        assert answer.currency_unknown == "EUR" and "threshold" not in told
    assert "quote_in" not in [name for name, _ in backend.calls]  # nothing simulated is asked of an exchange
