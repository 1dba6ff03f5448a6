import json

from tests.support.fakes import LAST_CLOSE, FakeBackend
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
    assert result.data == span and len(span.candles) == 6
    assert told["open"] == round(span.first_open, 2) and told["close"] == round(span.last_close, 2)
    assert told["low"] == round(span.low, 2) and told["high"] == round(span.high, 2)
    assert told["change_pct"] == round(span.change_pct, 2)
    assert "candles" not in told


async def test_candles_are_of_a_day_where_no_span_is_named():
    result = await BoundTool(GET_CANDLES, FakeBackend()).call({"symbol": "BTC-USD"})
    assert json.loads(result.text)["hours"] == 24
