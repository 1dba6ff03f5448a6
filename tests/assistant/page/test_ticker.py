"""The line of prices: what it shows, and how seldom it asks."""

import asyncio

from assistant.page.ticker import FRESH, MOST_REMEMBERED, Prices, ticker
from assistant.replies import NBSP
from forecaster.errors import UnsupportedSymbol
from forecaster.market.candles import utc
from forecaster.schema import Price
from tests.support.fakes import NOON, Clock


class Market:
    """Prices that are held back until `open` is set; of one coin there is none."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()

    async def price(self, symbol: str) -> Price:
        self.asked.append(symbol)
        await self.open.wait()
        if symbol == "PEPE-USD":
            raise UnsupportedSymbol(symbol, ("BTC-USD",))
        return priced(symbol)


def priced(symbol: str, price: float = 69_930.25, quote: str = "USD", since: int = 3) -> Price:
    return Price(
        symbol=symbol, source="kraken", quote=quote, as_of=utc(NOON), age_seconds=240, price=price,
        time=utc(NOON + 240 - since), last_close=price, change_24h_pct=0.42,
    )  # fmt: skip


async def test_many_visitors_cause_one_call_a_coin_and_none_while_it_is_fresh():
    market, clock = Market(), Clock()
    prices = Prices(market.price, clock)
    visitors = [asyncio.ensure_future(prices.newest(("BTC-USD", "SOL-USD"))) for _ in range(50)]
    await asyncio.sleep(0)
    market.open.set()
    assert all([each.symbol for each in found] == ["BTC-USD", "SOL-USD"] for found in await asyncio.gather(*visitors))
    await prices.newest(("SOL-USD",))
    assert market.asked == ["BTC-USD", "SOL-USD"]
    clock.now += FRESH
    await prices.newest(("SOL-USD",))
    assert market.asked == ["BTC-USD", "SOL-USD", "SOL-USD"]


async def test_a_visitor_who_leaves_takes_no_price_from_the_others():
    market = Market()
    prices = Prices(market.price)
    first, second = (asyncio.ensure_future(prices.newest(("BTC-USD",))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    market.open.set()
    assert [each.symbol for each in await second] == ["BTC-USD"] and market.asked == ["BTC-USD"]


async def test_a_coin_that_nobody_lists_is_left_out_and_not_asked_about_at_once_again():
    market = Market()
    market.open.set()
    prices = Prices(market.price)
    for _ in range(3):
        assert [each.symbol for each in await prices.newest(("PEPE-USD", "BTC-USD"))] == ["BTC-USD"]
    assert market.asked == ["PEPE-USD", "BTC-USD"]


async def test_a_bounded_number_of_coins_is_remembered():
    market = Market()
    market.open.set()
    prices = Prices(market.price)
    for number in range(MOST_REMEMBERED + 1):
        await prices.newest((f"C{number}-USD",))
    await prices.newest((f"C{MOST_REMEMBERED}-USD",))
    assert len(market.asked) == MOST_REMEMBERED + 1
    await prices.newest(("C0-USD",))
    assert len(market.asked) == MOST_REMEMBERED + 2


def test_prices_have_the_decimals_of_their_coin_and_small_ones_lose_none_on_a_narrow_screen():
    line = ticker([priced("BTC-USD"), priced("DOGE-USD", 0.15234), priced("XTZ-USD", 0.5, "USDT")])
    assert 'BTC $69,930<span class="cents">.25</span>' in line
    assert ">DOGE $0.15234<" in line
    assert f">XTZ 0.500{NBSP}USDT<" in line
