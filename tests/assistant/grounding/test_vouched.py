import pytest

from assistant.grounding.figures import figures_in
from assistant.grounding.vouched import Grounds
from assistant.replies import Speech
from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.market.candles import utc
from forecaster.schema import Price
from tests.support.conversations import focused
from tests.support.fakes import NOON, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools import catalogue, decimals_of
from tools.registry import bind_tools

PLACES = {
    "get_price": {"symbol": "BTC-USD"},
    "forecast": {"symbol": "BTC-USD", "hours": 6, "threshold": 71_000.0},
    "explain": {"topic": "record"},
    "detect_anomalies": {"symbol": "BTC-USD"},
}


async def grounds(*tools):
    known = Grounds()
    for each in bind_tools(FakeBackend(longest=24), KNOWLEDGE):
        if each.tool.name in tools:
            known.add_result((await each.call(PLACES[each.tool.name])).data)
    return known


def traced(known, text):
    return all(known.trace(figure, text) for figure in figures_in(text))


@pytest.mark.parametrize(
    "text",
    [
        "$69,930.25", "69,930", "$69.9k", "69.930,25 $", "$70,000", "about 70k", "69\u202f930,25 $", "6.99万美元",
        "up 0.42 %", "+0.42%", "0,4 %", "12:00 UTC on 19 March 2026", "3月19日", "in 2026", "4 minutes old", "24 hours",
    ],
)  # fmt: skip
async def test_a_price_vouches_for_its_roundings_units_and_times(text):
    assert traced(await grounds("get_price"), text)


@pytest.mark.parametrize(
    "text",
    [
        "$69,931", "$70,500", "100k", "$69,930.26", "0.5 %", "-0.42 %", "42 %", "69,930 %", "80 %", "13:00", "20 March",
        "19 March 2025", "in 2027", "6 hours", "12 times", "seventy-one thousand dollars", "siebzigtausend",
    ],
)  # fmt: skip
async def test_what_it_does_not_say_is_not_vouched_for(text):
    assert not traced(await grounds("get_price"), text)


@pytest.mark.parametrize(
    "text",
    [
        "a 51 % chance of going up", "a 49 % chance of going down", "the 80 % range", "80-%-Spanne", "rango del 80 %",
        "in 6 hours", "above $71,000", "18:00 UTC", "21,765 hours", "12 times the error", "1 to 24 hours", "80%区间",
    ],
)  # fmt: skip
async def test_a_forecast_vouches_for_shares_in_percent_complements_and_ranges(text):
    assert traced(await grounds("forecast"), text)


@pytest.mark.parametrize("text", ["a chance of 80 %", "95 % likely", "in 17 hours", "a 51 % drop of $51", "22:00"])
async def test_the_name_of_a_range_is_no_chance(text):
    assert not traced(await grounds("forecast"), text)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (0.15234, "$0.15234"), (0.15234, "0,15234 $"), (0.15234, "$0.152"), (0.15234, "US$ 0,15"), (2.1345, "$2.13"),
        (0.0000123456, "$0.0000123456"), (0.0000123456, "0,00001235 $"), (0.0000123456, "0.000012美元"),
    ],
)  # fmt: skip
def test_a_small_price_vouches_for_its_roundings(price, text):
    assert traced(priced(price), text)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (0.15234, "$0.15235"), (0.15234, "$0.2"), (0.15234, "$0"), (0.15234, "$0.16"), (0.15234, "$1.5"),
        (0.0000123456, "$0.00"), (0.0000123456, "$0.00001"), (0.0000123456, "$0.000013"), (0.0000123456, "$0.00001236"),
        (0.0000123456, "0,000123 $"), (2.1345, "in 2 hours"), (2.1345, "$2"), (2.1345, "$3"),
    ],
)  # fmt: skip
def test_what_a_small_price_does_not_say_is_not_vouched_for(price, text):
    assert not traced(priced(price), text)


def priced(price):
    known = Grounds()
    known.add_result(
        Price(
            symbol="DOGE-USD", source="kraken", quote="USD", as_of=utc(NOON), age_seconds=240, price=price,
            time=utc(NOON + 200), last_close=price, change_24h_pct=0.42,
        )
    )  # fmt: skip
    return known


async def test_a_metric_vouches_for_its_value_in_its_own_unit():
    known = await grounds("explain")
    assert traced(known, "MAE $3,240, against $264.20, right 49.7 % of the time")
    assert not traced(known, "MAE 3,240 %")


async def test_candles_do_not_vouch_for_every_price_near_them():
    known = await grounds("forecast")
    near = sum(traced(known, f"${price:,}") for price in range(69_000, 71_000, 7))
    assert near < 30


def test_an_earlier_answer_vouches_for_its_figures_and_a_visitor_for_no_price():
    known = Grounds()
    known.add_text("Bitcoin closed at $69,930.25 at 12:00 UTC, up 0.4 %.")
    known.add_question("in 48 hours, at 17:45, above $80,000 with 99 %?")
    assert traced(known, "$69,930.25, 12:00, 0.4 %, 48 hours, 17:45")
    for text in ("$80,000", "99 %", "$48"):
        assert not traced(known, text)


@pytest.mark.parametrize(
    "text",
    [
        "18:00 UTC", "14:00 New York time", "14:00 New York time (18:00 UTC)", "02:00 Singapore time on 20 March",
        "UTC 18:00", "2 am on 20 March", "UTC 3月19日 18:00",
    ],
)  # fmt: skip
async def test_a_time_is_vouched_for_in_the_zones_of_the_visitor_and_the_question(text):
    known = await grounds("forecast")
    known.add_asked(Question((Ask(Intent.FORECAST, zone="America/New_York"),), zone="Asia/Singapore"))
    assert traced(known, text)


@pytest.mark.parametrize("text", ["19:00 CET", "20:00 UTC", "UTC 02:00", "08:00 UTC", "on 21 March", "3 am"])
async def test_a_time_of_another_zone_or_of_none_is_not(text):
    known = await grounds("forecast")
    known.add_asked(Question((Ask(Intent.FORECAST, zone="America/New_York"),), zone="Asia/Singapore"))
    assert not traced(known, text)


def test_what_odds_hold_is_vouched_for_in_its_own_unit():
    known = Grounds()
    known.add_result(focused.forecast(focused.worth()))
    known.add_result(focused.forecast(focused.odds(level=90.0, side="range", range_low=67_000.0, range_high=73_000.0)))
    known.add_result(focused.forecast(focused.odds(between=0.42, low=69_000.0, high=71_000.0)))
    assert traced(known, "0.5 BTC, $33,250 to $36,750, 95 % value at risk $2,105, a chance of 90 %, 42 %, in 10 hours")
    for text in ("$42", "90 dollars", "43 %", "58 %", "412 %", "97 %"):
        assert not traced(known, text)


def test_the_worth_of_an_amount_is_money():
    known = Grounds()
    known.add_result(focused.price(amount=0.3, amount_in="coin", value=20_979.075, value_in="USD"))
    assert traced(known, "0.3 BTC is worth $20,979.08") and not traced(known, "0.4 BTC is worth $20,979.09")


@pytest.mark.parametrize("coin", list(catalogue()))
@pytest.mark.parametrize("whole", [0.5, 7.0, 131.0, 2_204.0, 70_279.0, 131_072.0])
async def test_a_price_halfway_between_two_that_are_shown_is_told_as_one_of_them(coin, whole):
    base = await FakeBackend().price(coin)
    for tenths in range(1, 10):
        value = whole + (tenths + 0.5) / 10 ** decimals_of(coin, whole)
        known = Grounds()
        known.add_result(base.model_copy(update={"price": value, "last_close": value}))
        assert traced(known, Speech(Language.ENGLISH).price(value, coin, "USD"))
