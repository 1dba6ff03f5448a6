import time

import pytest

from assistant.slots import Slots, mask, read_slots

BTC, ETH = "BTC-USD", "ETH-USD"


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("btc", (BTC,)),
        ("Bitcoin's price", (BTC,)),
        ("BTC/USD", (BTC,)),
        ("btcusdt", (BTC,)),
        ("XBT", (BTC,)),
        ("₿ now", (BTC,)),
        ("bitcion", (BTC,)),
        ("ether", (ETH,)),
        ("etherium?", (ETH,)),
        ("ETH-USD", (ETH,)),
        ("eth and btc", (ETH, BTC)),
        ("bitcoin cash", ()),
        ("ethereum classic", ()),
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
        ("tomorrow", 24),
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
        ("above 100k", None),
        ("in 5 %", None),
        ("a dog", None),
        ("an answer", None),
    ],
)
def test_spans_are_read_as_hours(text, hours):
    assert read_slots(text).hours == hours


@pytest.mark.parametrize(
    ("text", "direction"),
    [("in 6 hours", "future"), ("the last 6 hours", "past"), ("in the past hour", "past"), ("6 hours", None)],
)
def test_past_and_future_are_told_apart(text, direction):
    assert read_slots(text).direction == direction


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
    ("text", "foreign"),
    [
        ("DOGE?", "doge"),
        ("tesla stock", "tesla"),
        ("price of AAVE", "AAVE"),
        ("WHAT IS BITCOIN", None),
        ("my RMSE", None),
    ],
)
def test_coins_and_stocks_that_are_not_offered_are_found(text, foreign):
    assert read_slots(text).foreign == foreign


def test_nothing_is_found_in_nothing():
    assert read_slots("") == read_slots("???") == Slots()


def test_coins_and_numbers_look_alike_to_the_classifier():
    assert mask("BTC in 6 hours") == mask("Ethereum  in 12,5 hours") == mask("doge in 1e9 hours") == "coin in n hours"


@pytest.mark.parametrize("text", ["9" * 2000, "a " * 1000, "half an " * 250, "1,000," * 333, "-" * 2000, "e" * 2000])
def test_the_longest_message_is_read_at_once(text):
    begun = time.process_time()
    read_slots(text)
    assert time.process_time() - begun < 0.5
