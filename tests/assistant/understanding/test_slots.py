import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.understanding.frame import Language
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.slots.grammar import Slots, mask, readied
from assistant.understanding.slots.grammar import read_slots as slots_of
from tests.support.conversations.cases import NOW

BTC, ETH = "BTC-USD", "ETH-USD"
READER = IntentClassifier.load().reader


def read_slots(text, language=Language.ENGLISH):
    return slots_of(READER.english(text, language), language, NOW)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("btc", (BTC,)),
        ("Bitcoin's price", (BTC,)),
        ("BTC/USD", (BTC,)),
        ("btcusdt", (BTC,)),
        ("XBT", (BTC,)),
        ("₿ now", (BTC,)),
        ("Ξ?", (ETH,)),
        ("bitcion", (BTC,)),
        ("ether", (ETH,)),
        ("etherium?", (ETH,)),
        ("ETH-USD", (ETH,)),
        ("eth and btc", (ETH, BTC)),
        ("both", (BTC, ETH)),
        ("both coins", (BTC, ETH)),
        ("not btc, eth", (ETH,)),
        ("eth instead of bitcoin", (ETH,)),
        ("bitcoin cash", ("BCH-USD",)),
        ("ethereum classic", ("ETC-USD",)),
        ("either method", ()),
        ("the weather", ()),
    ],
)
def test_coins_are_found_in_the_order_they_are_named(text, symbols):
    assert read_slots(text).symbols == symbols


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("next hour", 1),
        ("in 6 hours", 6),
        ("6h", 6),
        ("6-hour forecast", 6),
        ("in 6?", 6),
        ("six hours", 6),
        ("twenty-four hours", 24),
        ("a couple of hours", 2),
        ("the next few hours", 3),
        ("half a day", 12),
        ("half an hour", 1),
        ("90 minutes", 2),
        ("1.5 hours", 2),
        ("an hour and a half", 2),
        ("a day and a half", 36),
        ("2 hours and 30 minutes", 3),
        ("1h30", 2),
        ("2-3 hours", 3),
        ("2 or 3 hours", 3),
        ("between 2 and 4 hours", 4),
        ("tomorrow", 24),
        ("this time tomorrow", 24),
        ("day after tomorrow", 48),
        ("tommorow", 24),
        ("tmrw", 24),
        ("last week", 168),
        ("2 days", 48),
        ("3 years", 26_280),
        ("1,000 hours", 1_000),
        ("0 hours", 0),
        ("-5 hours", -5),
        ("\u22125 hours", -5),
        ("1e9 hours", 1_000_000),
        ("1e999 hours", 1_000_000),
        ("6 huors", 6),
        ("and eth", None),
        ("any day", None),
        ("above 100k", None),
        ("in 5 %", None),
        ("a dog", None),
        ("an answer", None),
    ],
)
def test_spans_are_read_as_hours(text, hours):
    assert read_slots(text).hours == hours


@pytest.mark.parametrize(
    ("text", "language", "minutes"),
    [
        ("in 30 minutes", "en", 30),
        ("next 15 min", "en", 15),
        ("half an hour", "en", 30),
        ("a quarter of an hour", "en", 15),
        ("three quarters of an hour", "en", 45),
        ("an hour and a quarter", "en", 75),
        ("an hour and a half", "en", 90),
        ("1.5 hours", "en", 90),
        ("1h30", "en", 90),
        ("in the next few minutes", "en", 15),
        ("in 15m", "en", 15),
        ("1 minute", "en", 1),
        ("in 45 Minuten", "de", 45),
        ("in einer Viertelstunde", "de", 15),
        ("in einer Dreiviertelstunde", "de", 45),
        ("in anderthalb Stunden", "de", 90),
        ("dans un quart d'heure", "fr", 15),
        ("dans trois quarts d'heure", "fr", 45),
        ("dans une demi-heure", "fr", 30),
        ("en un cuarto de hora", "es", 15),
        ("en tres cuartos de hora", "es", 45),
        ("en media hora", "es", 30),
        ("em um quarto de hora", "pt", 15),
        ("em três quartos de hora", "pt", 45),
        ("em meia hora", "pt", 30),
        ("一刻钟后", "zh", 15),
        ("三刻钟后", "zh", 45),
        ("半小时后", "zh", 30),
        ("next hour", "en", None),
        ("60 minutes", "en", None),
        ("2 hours", "en", None),
        ("overnight", "en", None),
    ],
)
def test_minutes_are_read_where_they_are_no_whole_hours(text, language, minutes):
    found = read_slots(text, Language(language))
    assert found.minutes == minutes
    assert found.hours == (found.hours if minutes is None else -(-minutes // 60)) and found.quantities.threshold is None


@pytest.mark.parametrize(("text", "threshold"), [("above 2m", 2e6), ("hit $1m", 1e6), ("in 2000 minutes", None)])
def test_millions_and_minutes_are_told_apart(text, threshold):
    assert read_slots(text).quantities.threshold == threshold


@pytest.mark.parametrize(
    ("text", "direction"),
    [("in 6 hours", "future"), ("the last 6 hours", "past"), ("in the past hour", "past"), ("6 hours", None)],
)
def test_past_and_future_are_told_apart(text, direction):
    assert read_slots(text).direction == direction


@pytest.mark.parametrize(
    ("text", "language", "threshold", "below"),
    [
        ("will it fail to hold 68k?", "en", 68_000, True),
        ("it will not hold 68k by 6pm", "en", 68_000, True),
        ("does it hold 68k?", "en", 68_000, False),
        ("above 100k", "en", 100_000, False),
        ("over $70,000", "en", 70_000, False),
        ("below 2500", "en", 2_500, True),
        ("hit 3k", "en", 3_000, None),
        ("reach 75.5k", "en", 75_500, None),
        ("break 100 000", "en", 100_000, False),
        ("a hundred thousand dollars", "en", 100_000, None),
        ("btc 55k tonight?", "en", 55_000, None),
        ("stay at 55k or more", "en", 55_000, False),
        ("hold at 55k", "en", 55_000, False),
        ("go to 55k", "en", 55_000, None),
        ("unter 70.000 Dollar", "de", 70_000, True),
        ("más de 70.000", "es", 70_000, False),
        ("au-dessus de 100 000", "fr", 100_000, False),
        ("突破7万", "zh", 70_000, False),
        ("低于十万", "zh", 100_000, True),
        ("in 6 hours", "en", None, False),
        ("last 10 forecasts", "en", None, False),
        ("i have 5000 dollars", "en", None, False),
    ],
)
def test_a_price_that_may_be_passed_is_a_threshold(text, language, threshold, below):
    found = read_slots(text, Language(language))
    assert (found.quantities.threshold, found.quantities.below and found.quantities.threshold is not None) == (
        threshold,
        below,
    )


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("what is MAE", "mae"),
        ("root mean square error", "rmse"),
        ("mean absolute percentage error", "mape"),
        ("mean absolute error", "mae"),
        ("directional accuracy", "direction"),
        ("no-change", "persistence"),
        ("is it calibrated", "coverage"),
        ("skill score", "skill"),
        ("how good is it", None),
    ],
)
def test_metrics_are_found_by_their_names(text, metric):
    assert read_slots(text).metric == metric


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("your last 10 forecasts", 10),
        ("the 5 previous predictions", 5),
        ("the last forecast", 1),
        ("forecasts", None),
        ("last 10 hours", None),
    ],
)
def test_forecasts_are_counted(text, last):
    assert read_slots(text).last == last


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("DOGE?", None),
        ("tesla stock", "tesla"),
        ("EURUSD?", "eurusd"),
        ("gold/usd", "gold"),
        ("$TSLA", "tsla"),
        ("price of WXYZ", None),
        ("WHAT IS BITCOIN", None),
        ("my RMSE", None),
    ],
)
def test_stocks_currencies_and_metals_are_told_from_coins(text, foreign):
    assert read_slots(text).foreign == foreign


def test_nothing_is_found_in_nothing():
    assert read_slots("") == read_slots("???") == Slots()


@pytest.mark.parametrize("text", ["BTC in 6 hours", "Ethereum  in 12,5 hours", "doge in 1e9 hours", "₿ in 1.5 hours"])
def test_coins_and_numbers_look_alike_to_the_classifier(text):
    assert mask(readied(READER.english(text, Language.ENGLISH), Language.GERMAN)) == "coin in n hours"


@pytest.mark.parametrize(
    "text",
    ["9" * 2000, "a " * 1000, "half an " * 250, "1,000," * 333, "-" * 2000, "e" * 2000, "1 and " * 333, "$1 " * 666,
     "at 5 " * 400, "<" * 2000, "last 1 " * 285, "十" * 2000, "1 hour " * 285, "/a" * 1000],
)  # fmt: skip
def test_the_longest_message_is_read_at_once(text):
    begun = time.process_time()
    read_slots(text)
    read_slots(text, Language.CHINESE)
    assert time.process_time() - begun < 0.5


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("0123456789 .,:-+$%kdhmae/и万点"), max_size=60), st.sampled_from(list(Language))
)
def test_no_text_of_numbers_breaks_the_grammar(text, language):
    found = read_slots(text, language)
    assert found.quantities.threshold is None or 0 < found.quantities.threshold <= 100_000_000
