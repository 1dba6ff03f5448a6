import re
from dataclasses import replace

import pytest

from assistant.replies.answers import from_results, without_tools
from assistant.replies.failures import Failure
from assistant.understanding.frame import Ask, Intent, Question
from forecaster.schema import ForecastWarning
from tests.support.fakes import COVERAGE, LAST_CLOSE, SKILL, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.forecast import ForecastAnswer
from tools.registry import bind_tools


def asked(intent, **changes):
    return Question((Ask(intent, **changes),))


FORECAST = asked(Intent.FORECAST)
IMPERATIVE = re.compile(
    r"(?:^|[.!?:;] )(?:buy|sell|hold|wait|invest|avoid|go|take|put|get|consider|treat|trust)\b", re.I
)


async def data(name, backend=None, **arguments):
    tool = next(each for each in bind_tools(backend or FakeBackend(longest=24), KNOWLEDGE) if each.tool.name == name)
    return (await tool.call(arguments)).data


async def record(topic="record"):
    return (await data("explain", topic=topic)).metrics


async def forecast(**changes):
    answer = await data("forecast", symbol="BTC-USD", hours=1)
    return ForecastAnswer(forecast=answer.forecast.model_copy(update=changes))


def plain(text):
    return text.replace("\u00a0", " ").replace("\u2212", "-")


async def test_a_forecast_is_its_range_and_chance_then_where_it_starts_then_its_record():
    assert plain(from_results(FORECAST, [await forecast()], [])) == (
        "At 13:00 UTC (in 60 minutes) the model expects Bitcoin between $69,622 and $70,294 (80 % range, middle "
        "$69,958); the chance of going up is 51 %. Bitcoin is at $69,930.25 (Bitstamp, 12:00 UTC). Over 21,765 unseen "
        'hours this model\'s error was 12 times that of "no change", and its 80 % range held 52 % of the time: '
        "the last close is the better guess."
    )


async def test_a_model_worse_than_no_change_is_not_praised():
    text = plain(from_results(FORECAST, [await forecast()], []))
    assert "the last close is the better guess" in text and "beat" not in text


@pytest.mark.parametrize(
    ("skill", "coverage", "said"),
    [
        ((0.0062, 0.004, 0.008), 0.797, 'beat "no change" by 0.6 %: the direction is nearly a coin flip;'),
        ((0.0062, 0.004, 0.008), 0.797, "its 80 % range held 80 % of the time."),
        ((0.0062, 0.004, 0.008), 0.6, "its 80 % range held 60 % of the time."),
        ((0.001, -0.002, 0.004), 0.8, 'did no better than "no change": the direction is a coin flip;'),
        ((-0.05, -0.07, -0.03), 0.8, '5.0 % above that of "no change"'),
        ((-1.0, -1.2, -0.8), 0.8, '2.0 times that of "no change"'),
        ((-11.26, -11.9, -10.7), 0.8, '12 times that of "no change"'),
    ],
)
async def test_the_record_is_told_as_it_was_measured(skill, coverage, said):
    value, low, high = skill
    measured = SKILL.model_copy(update={"value": value, "ci_low": low, "ci_high": high})
    text = plain(from_results(FORECAST, [await forecast(skill=measured, coverage=COVERAGE | {"80": coverage})], []))
    assert said in text


async def test_a_record_without_coverage_says_nothing_of_the_range_it_held():
    assert "held" not in from_results(FORECAST, [await forecast(coverage={})], [])


async def test_simulated_prices_are_called_that_before_anything_else():
    given = await forecast(source="demo", warnings=(ForecastWarning.DEMO_DATA,), notes=("simulated, not market data",))
    text = from_results(FORECAST, [given], [])
    assert text.startswith("These prices are simulated, not market data. ")
    assert text.count("simulated, not market data") == 1
    for name, arguments in (("get_price", {}), ("get_candles", {"hours": 6})):
        result = await data(name, FakeBackend(source="demo"), symbol="BTC-USD", **arguments)
        assert from_results(FORECAST, [result], []).startswith("These prices are simulated, not market data. ")


async def test_warnings_are_put_into_words_once_without_what_only_an_operator_understands():
    note = (
        "the newest candle at hand, from kraken, closed 95 minutes ago; nothing newer could be had: binance timed out"
    )
    given = await forecast(
        warnings=(ForecastWarning.STALE_CANDLES, ForecastWarning.OUT_OF_DISTRIBUTION), notes=(note,), source="kraken"
    )
    text = from_results(FORECAST, [given, given], [])
    assert text.count("The newest candle is old") == 1 and "timed out" not in text
    assert text.count("unlike anything the model was trained on") == 1


async def test_two_coins_share_record_and_source():
    text = plain(from_results(FORECAST, [await forecast(), await forecast(symbol="ETH-USD")], []))
    assert "Bitcoin" in text and "Ethereum" in text
    assert text.count(" at 13:00 UTC (in 60 minutes): $69,622 to $70,294 (80 % range)") == 2
    assert text.count("unseen hours") == 1 and text.count("Bitstamp") == 1
    assert len(text.split()) <= 100


async def test_a_price_is_told_with_change_time_and_source():
    text = plain(from_results(asked(Intent.PRICE), [await data("get_price", symbol="ETH-USD")], []))
    assert text == "Ethereum is at $69,930.25, up 0.42 % over 24 hours (Bitstamp, 12:03 UTC)."


async def test_the_price_now_and_the_close_of_the_last_full_hour_are_told_apart_where_more_is_asked():
    price = (await data("get_price", symbol="BTC-USD")).model_copy(update={"price": 70_123.4})
    assert plain(from_results(replace(asked(Intent.PRICE), more=True), [price], [])) == (
        "Bitcoin is at $70,123.40, up 0.42 % over 24 hours (Bitstamp, 12:03 UTC). "
        "The last full hour closed at $69,930.25 (12:00 UTC)."
    )


async def test_without_a_trade_the_close_is_told_and_called_one():
    price = await data("get_price", symbol="BTC-USD")
    text = plain(from_results(asked(Intent.PRICE), [price.model_copy(update={"time": price.as_of})], []))
    assert text.startswith("Bitcoin closed at $69,930.25, up 0.42 % over 24 hours (Bitstamp, 12:00 UTC).")
    assert "That is the newest finished hour" in text


async def test_prices_in_another_currency_say_so():
    price = (await data("get_price", symbol="BTC-USD")).model_copy(update={"quote": "USDT", "source": "binance"})
    text = plain(from_results(asked(Intent.PRICE), [price], []))
    assert "69,930.25 USDT" in text and "$" not in text


async def test_a_span_is_told_with_its_change_low_and_high():
    answer = await data("get_candles", symbol="BTC-USD", hours=24)
    text, span = plain(from_results(asked(Intent.CANDLES), [answer], [])), answer.span
    assert "Over the last 24 hours Bitcoin went down 0.30 %" in text
    assert all(f"${price:,.2f}" in text for price in (span.first_open, span.last_close, span.low, span.high))


async def test_the_whole_record_says_what_it_is_measured_against():
    text = plain(from_results(asked(Intent.METRICS), [await record()], []))
    assert "$3,240, against $264" in text and "12 times" in text and "49.7 %" in text
    assert len(text.split()) <= 90


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("mae", "(MAE): $3,240, against $264.20 for"),
        ("mape", "(MAPE): 4.1 %, against 0.3 % for"),
        ("direction", "Direction: 49.7 % (how often the forecast was right about up or down). 50 % is a coin flip"),
        ("skill", "Skill: -1,126.0 % ("),
        ("coverage", "range: 52.0 % (how often"),
        ("persistence", "(persistence): $264.20 (the simplest"),
    ],
)
async def test_one_metric_is_told_with_value_meaning_and_reading(metric, said):
    text = plain(from_results(asked(Intent.METRICS), [await record(metric)], []))
    assert said in text and "21,765 unseen hours" in text


async def test_advice_is_refused_plainly_and_facts_are_given():
    text = from_results(asked(Intent.ADVICE), [await forecast()], [])
    assert text.startswith("I can't tell you whether to buy or sell")
    assert "$69,622" in text and "12 times" in text
    assert not IMPERATIVE.search(text)
    assert len(text.split()) <= 90


async def test_a_forecast_for_fewer_hours_than_asked_for_says_why():
    failure = Failure("The loaded model does not forecast 6 hours ahead. Ask for 1 hour ahead.", longest_hours=1)
    text = from_results(asked(Intent.FORECAST, hours=6), [await forecast()], [failure])
    assert text.startswith("The loaded model looks only 1 hour ahead, so this is for the next hour. ")
    assert "Ask for" not in text


@pytest.mark.parametrize("hours", [0, -5, 26_280])
async def test_hours_beyond_any_model_are_answered_with_what_there_is(hours):
    text = from_results(asked(Intent.FORECAST, hours=hours), [await forecast()], [])
    assert text.startswith("I look from 1 minute to 24 hours ahead, so this is for the next hour. ")


async def test_another_day_is_named():
    answer = await data("forecast", symbol="BTC-USD", hours=24)
    assert "At 12:00 UTC on 20 March (in 24 hours) " in from_results(FORECAST, [answer], [])


async def test_what_failed_is_said_and_the_rest_is_given():
    failure = Failure("No exchange gave candles for ETH-USD (kraken timed out). Try again in a minute.")
    text = from_results(asked(Intent.PRICE), [await data("get_price", symbol="BTC-USD")], [failure])
    assert failure.message in text and f"${LAST_CLOSE:,.2f}" in text


async def test_a_coin_without_a_forecast_says_which_coin_has_one():
    failure = Failure("'ETH-USD' is not supported. Ask for BTC-USD.", supported=("BTC-USD",))
    text = from_results(FORECAST, [await data("get_price", symbol="ETH-USD")], [failure])
    assert text.startswith("The loaded model forecasts only Bitcoin. Ethereum is at ")


@pytest.mark.parametrize("intent", [Intent.GREETING, Intent.THANKS, Intent.CAPABILITIES, Intent.OTHER])
def test_small_talk_holds_no_number(intent):
    assert not re.search(r"\d", without_tools(asked(intent)))


def test_what_is_no_coin_is_named_with_the_coins_that_are_followed():
    text = without_tools(asked(Intent.PRICE, foreign="tesla"))
    assert "TESLA" in text and "Bitcoin, Ethereum, Solana, XRP, BNB, Dogecoin and Cardano" in text
