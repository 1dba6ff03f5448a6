import json

import pytest

from forecaster.errors import BackendError, ExchangeError, InvalidInput, NoCandles, NoRecord
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tools.candles import GET_CANDLES
from tools.prices import GET_PRICE
from tools.tool import BoundTool


async def test_the_price_is_told_to_the_cent_with_its_source_and_time():
    result = await BoundTool(GET_PRICE, FakeBackend()).call({"symbol": "BTC-USD"})
    told = json.loads(result.text)
    assert (told["price"], told["change_24h_pct"]) == (LAST_CLOSE, 0.42)
    assert (told["source"], told["quote"], told["as_of"]) == ("bitstamp", "USD", "2026-03-19T12:00Z")


async def test_an_unknown_change_is_left_out():
    class YoungBackend(FakeBackend):
        async def price(self, symbol):
            return (await super().price(symbol)).model_copy(update={"change_24h_pct": None})

    result = await BoundTool(GET_PRICE, YoungBackend()).call({"symbol": "BTC-USD"})
    assert result.ok and "change" not in result.text


async def test_simulated_prices_carry_their_warning():
    result = await BoundTool(GET_PRICE, FakeBackend(source="demo")).call({"symbol": "BTC-USD"})
    assert json.loads(result.text)["warnings"] == ["demo_data"]


async def test_candles_are_summed_up_in_the_text_and_whole_in_the_data():
    backend = FakeBackend()
    result = await BoundTool(GET_CANDLES, backend).call({"symbol": "ETH-USD", "hours": 6})
    told, span = json.loads(result.text), await backend.candles("ETH-USD", 6)
    assert result.data.span == span and len(span.candles) == 6
    assert told["below_high_pct"] == round(100 * (1 - span.last_close / span.high), 2)
    assert told["above_low_pct"] == round(100 * (span.last_close / span.low - 1), 2)
    assert told["open"] == round(span.first_open, 2) and told["close"] == round(span.last_close, 2)
    assert told["low"] == round(span.low, 2) and told["high"] == round(span.high, 2)
    assert told["change_pct"] == round(span.change_pct, 2)
    assert "candles" not in told


async def test_candles_are_of_a_day_where_no_span_is_named():
    result = await BoundTool(GET_CANDLES, FakeBackend()).call({"symbol": "BTC-USD"})
    assert json.loads(result.text)["hours"] == 24


async def ask(backend=None, **arguments):
    result = await BoundTool(GET_PRICE, backend or FakeBackend()).call({"symbol": "BTC-USD"} | arguments)
    return json.loads(result.text), result.data


async def test_a_past_moment_has_the_close_of_the_candle_that_ended_then():
    backend = FakeBackend()
    told, answer = await ask(backend, at="2026-03-18T12:30Z")
    close = float(backend.candle_history.closed_at(NOON - 24 * 3600).close[-1])
    assert (told["close_then"], told["closed"]) == (round(close, 2), "2026-03-18T12:00Z")
    assert (told["asked_moment"], told["close_source"]) == ("2026-03-18T12:30Z", "bitstamp")
    assert answer.close_then == close and answer.price.price == LAST_CLOSE


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-19T13:00Z", "yet to come. Ask for a past one"),
        ("2020-01-01T00:00Z", "Candles reach back to 2026-03-07 00:00 UTC. Ask for a later moment."),
        ("9999-12-31T23:59-12:00", "at: Input should be a time between 1970 and 2999"),
    ],
)
async def test_a_moment_without_a_candle_is_refused_with_what_to_do(at, words):
    told, answer = await ask(at=at)
    assert answer is None and words in told["message"]


async def test_an_amount_of_coins_is_told_in_money_and_money_in_coins():
    told, _ = await ask(amount=0.5)
    assert (told["value"], told["value_in"]) == (pytest.approx(LAST_CLOSE / 2, abs=0.01), "USD")
    told, _ = await ask(amount=20.0, amount_in="quote")
    assert (told["value"], told["value_in"]) == (pytest.approx(20 / LAST_CLOSE, rel=1e-7), "BTC")


async def test_an_amount_is_worth_what_it_was_at_a_past_moment():
    told, _ = await ask(amount=2.0, at="2026-03-18T12:00Z")
    assert told["value"] == pytest.approx(2 * told["close_then"], abs=0.02)


async def test_what_was_bought_at_a_past_moment_has_its_worth_of_now():
    told, answer = await ask(amount=2.0, at="2026-03-18T12:00Z")
    assert told["value_now"] == pytest.approx(2 * told["price"], abs=0.02)
    assert told["change_since_pct"] == round(100 * (LAST_CLOSE / answer.close_then - 1), 2)
    spent, _ = await ask(amount=1000.0, amount_in="quote", at="2026-03-18T12:00Z")
    assert spent["value_now"] == pytest.approx(1000 * LAST_CLOSE / answer.close_then, abs=0.01)
    euros, _ = await ask(amount=2.0, currency="EUR", at="2026-03-18T12:00Z")
    assert "value_now" not in euros


async def test_how_far_another_price_is_is_told_in_money_and_percent():
    told, answer = await ask(to=LAST_CLOSE * 1.05)
    assert (told["to"], told["distance_pct"]) == (LAST_CLOSE * 1.05, 5.0)
    assert told["distance"] == round(0.05 * LAST_CLOSE, 2) and answer.distance == pytest.approx(0.05 * LAST_CLOSE)
    assert (await ask(to=LAST_CLOSE / 2))[0]["distance_pct"] == -50.0


async def test_another_currency_is_told_from_an_exchange_that_quotes_it():
    told, _ = await ask(currency="EUR", amount=0.5)
    assert (told["currency"], told["rate_source"]) == ("EUR", "bitstamp")
    assert told["price_in_currency"] == pytest.approx(0.9 * LAST_CLOSE, abs=0.01)
    assert (told["value"], told["value_in"]) == (pytest.approx(0.45 * LAST_CLOSE, abs=0.01), "EUR")
    told, _ = await ask(currency="EUR", amount=90.0, amount_in="quote")
    assert (told["value"], told["value_in"]) == (pytest.approx(100 / LAST_CLOSE, rel=1e-7), "BTC")


async def test_another_coin_is_the_ratio_of_two_prices():
    told, _ = await ask(currency="ETH")
    assert (told["currency"], told["price_in_currency"]) == ("ETH", 1.0)  # both cost the same here
    told, _ = await ask(currency="ETH", at="2026-03-18T12:00Z")
    assert told["price_in_currency"] == 1.0


async def test_a_currency_that_nobody_quotes_is_named_and_nothing_is_converted():
    told, answer = await ask(currency="NGN", amount=0.5)
    assert (told["currency_nobody_quotes"], told["value_in"]) == ("NGN", "USD")
    assert answer.price_in_currency is None
    told, answer = await ask(currency="NGN", amount=20.0, amount_in="quote")
    assert answer.value is None and "value" not in told
    told, answer = await ask(currency="EUR", at="2026-03-18T12:00Z")
    assert answer.currency_unknown == "EUR"  # of then nobody is asked


async def test_a_currency_that_cannot_be_had_is_not_known_and_the_price_is_told():
    backend = FakeBackend()
    backend.failure["quote_in"] = ExchangeError("kraken", "timed out")
    told, answer = await ask(backend, currency="EUR")
    assert answer.currency_unknown == "EUR" and told["price"] == LAST_CLOSE


async def test_simulated_prices_are_not_told_in_real_money_nor_beside_real_ones():
    backend = FakeBackend(source="demo")
    _, answer = await ask(backend, currency="EUR")
    assert answer.currency_unknown == "EUR" and "quote_in" not in [name for name, _ in backend.calls]

    class Half(FakeBackend):
        async def close_at(self, symbol, at):
            return await FakeBackend(source="demo").close_at(symbol, at)

    told, answer = await ask(Half(), at="2026-03-18T12:00Z")
    assert answer is None and "simulated" in told["message"]


@pytest.mark.parametrize(("dollars", "satoshis"), [(20.0, True), (5_000.0, None)])
async def test_a_small_part_of_a_bitcoin_is_told_in_satoshis_too(dollars, satoshis):
    result = await BoundTool(GET_PRICE, FakeBackend()).call(
        {"symbol": "BTC-USD", "amount": dollars, "amount_in": "quote"}
    )
    assert json.loads(result.text).get("satoshis") == (satoshis and round(dollars / LAST_CLOSE * 1e8))


@pytest.mark.parametrize(
    ("error", "cause"),
    [(NoCandles("BTC-USD", ()), "no_prices"), (NoRecord(), "no_record"), (BackendError("timed out"), "later"),
     (InvalidInput("Not so.", "Ask otherwise."), None)],
)  # fmt: skip
async def test_a_failure_names_its_cause_for_those_who_say_it_in_other_words(error, cause):
    backend = FakeBackend()
    backend.failure["price"] = error
    assert json.loads((await BoundTool(GET_PRICE, backend).call({"symbol": "BTC-USD"})).text).get("cause") == cause
