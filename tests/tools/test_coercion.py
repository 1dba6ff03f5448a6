import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from forecaster.market import catalogue, spellings
from forecaster.schema import Symbol
from tests.support.fakes import FakeBackend
from tools.coercion import understood
from tools.forecast import ForecastArguments
from tools.registry import TOOLS, bind_tools
from tools.tool import LONGEST_TEXT, Arguments


class Several(Arguments):
    """Every kind of argument that a tool may take."""

    symbols: list[Symbol] = Field(default_factory=list)
    between: tuple[float, float] | None = None
    direction: Literal["up", "down", "either"] = "either"
    touch: bool = False
    level: Annotated[float, Field(ge=1, le=99)] | None = None


def bound(name, **given):
    return next(each for each in bind_tools(FakeBackend(longest=24, **given)) if each.tool.name == name)


async def told(name, arguments):
    result = await bound(name).call(arguments)
    return result.ok, json.loads(result.text)


@pytest.mark.parametrize(
    "written",
    [
        "BTC", "btc", "btc-usd", "BTC/USD", "BTC-USDT", "BTCUSDT", "btcusd", "BTC_USDC", "BTC USD", "XBT", "XBT-USD",
        "XBTUSD", "bitcoin", "Bitcoin", " BITCOIN ", "$BTC", "₿", "比特币",
    ],
)  # fmt: skip
async def test_every_way_to_write_a_coin_is_read_and_the_text_says_as_what(written):
    ok, text = await told("get_price", {"symbol": written})
    assert ok and text["symbol"] == "BTC-USD" and text["understood"] == {"symbol": "BTC-USD"}


async def test_what_was_written_as_it_should_be_is_not_told_again():
    for arguments in (
        {"symbol": "BTC-USD"},
        {"symbol": "BTC-USD", "hours": "6", "threshold": "70000", "minutes": None},
    ):
        assert "understood" not in (await told("forecast", arguments))[1]


async def test_a_coin_outside_the_catalogue_is_read_where_its_dollars_are_named_and_a_refusal_says_so():
    for written in ("pepe-usd", "PEPE/USDT", "PEPEUSDT"):
        ok, text = await told("get_price", {"symbol": written})
        assert not ok and text["error"] == "unsupported_symbol" and text["understood"] == {"symbol": "PEPE-USD"}


@pytest.mark.parametrize(
    ("written", "near"),
    [("bitcion", "BTC-USD"), ("DOGE-EUR", "DOGE-USD"), ("solanna", "SOL-USD"), ("PYUSD", "BTC-USD"), ("", "BTC-USD")],
)
async def test_what_is_no_coin_is_refused_and_the_nearest_is_named(written, near):
    ok, text = await told("get_price", {"symbol": written})
    assert not ok and text["error"] == "invalid_arguments" and near in text["message"]


@pytest.mark.parametrize("hours", ["6", 6.0, "6.0", " 6 ", "+6"])
async def test_a_whole_number_is_read_however_it_is_written(hours):
    ok, text = await told("forecast", {"symbol": "BTC-USD", "hours": hours})
    assert ok and text["hours"] == 6


async def test_null_is_left_out():
    ok, text = await told("forecast", {"symbol": "BTC-USD", "hours": None, "until": None, "threshold": None})
    assert ok and text["hours"] == 1
    ok, text = await told("get_candles", {"symbol": "BTC-USD", "hours": None})
    assert ok and text["hours"] == 24, "though its schema takes no null"


@pytest.mark.parametrize(
    "arguments",
    [
        {"hours": 6.5}, {"hours": "6.5"}, {"hours": "25"}, {"hours": True}, {"hours": "six"}, {"hours": "9" * 5000},
        {"hours": 1e300}, {"hours": "6h"}, {"threshold": "nan"}, {"threshold": "inf"}, {"threshold": "1e99"},
        {"threshold": "-1"}, {"threshold": "65,000"}, {"threshold": True}, {"note": None}, {"until": "tomorrow"},
        {"symbol": "BTC" * 5000}, {"symbol": ["BTC"]}, {"symbol": None}, {"symbol": 7},
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
async def test_what_may_not_be_read_stays_refused(arguments):
    ok, text = await told("forecast", {"symbol": "BTC-USD"} | arguments)
    assert not ok and text["error"] == "invalid_arguments"


@pytest.mark.parametrize("symbols", [["BTC", "ether", "SOL-USD"], "BTC, ETH,sol", '["btc-usd", "ETHUSDT", "Solana"]'])
def test_a_list_of_coins_is_read_coin_by_coin(symbols):
    meant = understood(Several, {"symbols": symbols})
    assert Several.model_validate(meant.arguments).symbols == ["BTC-USD", "ETH-USD", "SOL-USD"]
    assert meant.told == {"symbols": ["BTC-USD", "ETH-USD", "SOL-USD"]}


def test_other_kinds_are_read_too():
    given = {"between": ["60000", 62000], "direction": "Up", "touch": "True", "level": "95", "symbols": ["BTC-USD"]}
    meant = understood(Several, given)
    read = Several.model_validate(meant.arguments)
    assert (read.between, read.direction, read.touch, read.level) == ((60000.0, 62000), "up", True, 95.0)
    assert meant.told == {"direction": "up"}


async def test_what_was_understood_does_not_make_a_text_too_long():
    class Talkative(FakeBackend):
        def _provenance(self, symbol):
            return super()._provenance(symbol) | {"notes": ("é" * 300,) * 20}

    for tool in bind_tools(Talkative(longest=24)):
        fields = tool.tool.arguments.model_fields
        coins = {"symbols": ["bitcoin", "ether"]} if "symbols" in fields else {"metric": "MAE"}
        given = {"symbol": "bitcoin"} if "symbol" in fields else coins
        result = await tool.call(given | ({"hours": "24"} if tool.tool.name == "forecast" else {}))
        assert result.ok and len(result.text.encode()) <= LONGEST_TEXT
        assert json.loads(result.text)["understood"]


SPELT = st.sampled_from([(coin.symbol, name) for coin in catalogue().values() for name in spellings(coin)])
PAIRED = st.sampled_from(["{}", "{}-usd", "{}/USD", "{}USDT", "{} usd", "{}_USDC", " {} "])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"[+-]?\d{1,4}(\.\d{1,3})?"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted({name for tool in (*TOOLS,) for name in tool.arguments.model_fields} | {"other"}))


@given(SPELT, PAIRED, st.sampled_from([str.upper, str.lower, str.title]))
def test_a_coin_in_any_case_and_pair_is_that_coin(spelt, paired, cased):
    symbol, name = spelt
    written = cased(paired.format(name))
    if written.casefold().strip() in {each for coin in catalogue().values() for each in spellings(coin)}:
        assert understood(ForecastArguments, {"symbol": name}).arguments == {"symbol": symbol}
    assert understood(ForecastArguments, {"symbol": written}).arguments == {"symbol": symbol}


@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_nothing_is_raised_and_what_was_read_once_is_read_the_same_again(given):
    for tool in TOOLS:
        once = understood(tool.arguments, given)
        again = understood(tool.arguments, once.arguments)
        assert repr(again.arguments) == repr(once.arguments) and again.told == {}
        assert set(once.told) <= set(once.arguments) <= set(given)


@given(
    st.sampled_from(sorted(catalogue())),
    st.none() | st.integers(1, 24),
    st.none() | st.floats(0.01, 1e8, allow_nan=False),
)
def test_arguments_that_are_right_stay_as_they_are(symbol, hours, threshold):
    given = {"symbol": symbol, "hours": hours, "threshold": threshold}
    meant = understood(ForecastArguments, given)
    assert ForecastArguments.model_validate(meant.arguments) == ForecastArguments.model_validate(given)
    assert meant.told == {}


@given(st.integers(-100, 2000), st.sampled_from([str, float, "{}.0".format, " {} ".format]))
def test_a_whole_number_is_taken_or_refused_as_if_it_were_written_as_one(number, written):
    for name in ("hours", "minutes"):
        read = understood(ForecastArguments, {"symbol": "BTC-USD", name: written(number)}).arguments[name]
        assert read == number and type(read) is int
