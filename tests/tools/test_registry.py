import json

import jsonschema
import pytest
from pydantic import TypeAdapter

from forecaster.errors import ExchangeError, NoCandles
from forecaster.schema import ForecastWarning
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import TOOLS, bind_tools
from tools.tool import LONGEST_TEXT

GOOD = {
    "get_price": {"symbol": "BTC-USD"},
    "get_candles": {"symbol": "ETH-USD", "hours": 300},
    "forecast": {"symbol": "BTC-USD", "hours": 24},
    "compare": {"symbols": ["BTC-USD", "ETH-USD"]},
    "explain": {"topic": "record"},
    "detect_anomalies": {"symbol": "BTC-USD", "hours": 235, "days": 1},
    "track_record": {"symbol": "BTC-USD", "last": 168},
}


def bound(backend):
    return {each.tool.name: each for each in bind_tools(backend, KNOWLEDGE)}


def test_the_registry_holds_these_tools():
    assert [tool.name for tool in TOOLS] == [
        "get_price",
        "get_candles",
        "forecast",
        "compare",
        "explain",
        "detect_anomalies",
        "track_record",
    ]


def test_no_argument_is_free_text():
    for tool in TOOLS:
        for name, schema in tool.arguments.model_json_schema().get("properties", {}).items():
            kinds = schema.get("anyOf", [schema])
            free = [
                kind for kind in kinds if kind["type"] == "string" and not kind.keys() & {"enum", "const", "pattern"}
            ]
            assert not free, f"{tool.name}.{name}"
            assert all("maximum" in kind and "minimum" in kind for kind in kinds if kind["type"] == "integer")
            assert all(kind.keys() & {"maximum", "exclusiveMaximum"} for kind in kinds if kind["type"] == "number")


@pytest.mark.parametrize("name", GOOD)
async def test_a_tool_gives_compact_text_and_typed_data(name):
    result = await bound(FakeBackend(longest=24))[name].call(GOOD[name])
    assert result.ok and result.data is not None
    assert len(result.text.encode()) <= LONGEST_TEXT
    assert isinstance(json.loads(result.text), dict)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("warned", [False, True])
async def test_the_text_holds_the_facts_that_the_tool_announces_and_no_others(name, warned):
    backend = TalkativeBackend(longest=24) if warned else FakeBackend(longest=24)
    tool = bound(backend)[name]
    told = json.loads((await tool.call(GOOD[name])).text)
    schema = TypeAdapter(tool.tool.facts).json_schema()
    jsonschema.validate(told, schema)
    assert set(told) <= set(schema["properties"])


class TalkativeBackend(FakeBackend):
    """Gives every warning, and notes and remarks that go on and on."""

    def _provenance(self, symbol):
        return super()._provenance(symbol) | {"warnings": tuple(ForecastWarning), "notes": ("é" * 300,) * 20}

    async def report(self):
        return (await super().report()).model_copy(update={"remarks": ("é" * 300,) * 20})


@pytest.mark.parametrize("name", GOOD)
async def test_the_text_stays_small_with_long_notes(name):
    result = await bound(TalkativeBackend(longest=24))[name].call(GOOD[name])
    assert result.ok
    assert len(result.text.encode()) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_price", {"symbol": "DOGE-EUR"}),
        ("get_price", {}),
        ("get_price", {"symbol": "BTC-USD", "url": "file:///secret"}),
        ("get_candles", {"symbol": "BTC-USD", "hours": 0}),
        ("get_candles", {"symbol": "BTC-USD", "hours": 301}),
        ("get_candles", {"symbol": "BTC-USD", "hours": True}),
        ("forecast", {"symbol": "BTC-USD", "hours": 25}),
        ("forecast", {"symbol": "BTC-USD", "hours": "6; secret"}),
        ("forecast", {"symbol": "BTC-USD", "hours": float("nan")}),
        ("forecast", {"symbol": ["BTC-USD"], "hours": 1}),
        ("explain", {"topic": "SECRET?"}),
        ("forecast", {"symbol": "BTC-USD", "threshold": -1.0}),
        ("forecast", {"symbol": "BTC-USD", "threshold": float("inf")}),
        ("detect_anomalies", {"symbol": "BTC-USD", "hours": 236}),
        ("detect_anomalies", {"symbol": "BTC-USD", "days": 0}),
        ("track_record", {"symbol": "BTC-USD", "last": 169}),
    ],
)
async def test_wrong_arguments_are_refused_in_words_that_do_not_repeat_them(name, arguments):
    backend = FakeBackend()
    result = await bound(backend)[name].call(arguments)
    assert not result.ok and result.data is None and backend.calls == []
    assert json.loads(result.text)["error"] == "invalid_arguments"
    assert "secret" not in result.text and "url" not in result.text


@pytest.mark.parametrize(("symbol", "near"), [("PEPE-USD", "BTC-USD"), ("SOLANNA-USD", "SOL-USD")])
async def test_a_symbol_that_no_source_has_is_answered_with_near_ones(symbol, near):
    result = await bound(FakeBackend())["forecast"].call({"symbol": symbol})
    told = json.loads(result.text)
    assert told["error"] == "unsupported_symbol" and near in told["supported"]


async def test_a_failing_backend_is_told_in_its_own_words():
    backend = FakeBackend()
    backend.failure["price"] = NoCandles("BTC-USD", (ExchangeError("kraken", "timed out"),))
    result = await bound(backend)["get_price"].call(GOOD["get_price"])
    assert not result.ok and "kraken timed out" in json.loads(result.text)["message"]


class BrokenBackend(FakeBackend):
    """Has a bug."""

    async def price(self, symbol):
        raise RuntimeError("password=hunter2")


async def test_another_exception_is_logged_and_its_text_is_not_shown(caplog):
    result = await bound(BrokenBackend())["get_price"].call(GOOD["get_price"])
    assert not result.ok and "hunter2" not in result.text
    assert "hunter2" in caplog.text
