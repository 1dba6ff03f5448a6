"""Prices over WebSockets, from local servers that speak as the exchanges do: what is believed, and what is not."""

import asyncio
import json
import logging
import time
from contextlib import asynccontextmanager

import pytest

from forecaster.market.exchanges.sockets.socket import (
    MOST_MESSAGES,
    MOST_PAIRS,
    PATIENCE,
    SERVES_FOR,
    SILENT,
    WANTED_FOR,
    WELL,
)
from forecaster.market.exchanges.sockets.sockets import LARGEST, Sockets
from forecaster.market.symbols import Pair, catalogue
from tests.support.exchanges.sockets import EXCHANGES, imitated
from tests.support.fakes import NOON

every_exchange = pytest.mark.parametrize("name", EXCHANGES)
GARBAGE = {
    "not JSON": "<html>busy</html>",
    "no object": "[1, 2, 3]",
    "deep": "[" * 30_000,
    "bytes": b"\xff\xfe\x00",
    "too large": json.dumps({"event": "trade", "filler": "x" * LARGEST}),
}
STRANGE = {  # of Bitstamp, whose messages are the plainest
    "no price": {"event": "trade", "channel": "live_trades_btcusd", "data": {"microtimestamp": "1"}},
    "a price that is none": {
        "event": "trade", "channel": "live_trades_btcusd", "data": {"price": "NaN", "microtimestamp": "1"},
    },
    "another type": {"event": "trade", "channel": 7, "data": {"price": 1.0, "microtimestamp": "1"}},
    "no event": {"data": {}},
}  # fmt: skip


class Timer:
    """Real seconds, and those that a test adds."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.monotonic() + self.ahead


class Listening:
    """One imitated exchange, and what listens to it."""

    def __init__(self, name, exchange, sockets, timer):
        self.name, self.exchange, self.timer, self._sockets = name, exchange, timer, sockets

    def newest(self, symbol="BTC-USD", wanted=True):
        pair = catalogue()[symbol].pairs[self.name]
        return self._sockets.newest(self.name, symbol, pair, wanted=wanted)

    async def heard(self, price=None, symbol="BTC-USD"):
        """The newest trade, once there is one, or one of that price."""
        async with asyncio.timeout(20):
            while not (found := self.newest(symbol)) or price not in (None, found.price):
                await asyncio.sleep(0.01)
        return found

    async def until(self, holds):
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(name="bitstamp"):
    timer = Timer()
    async with imitated(name) as exchange:
        sockets = Sockets({name: exchange.url}, timer=timer)
        try:
            yield Listening(name, exchange, sockets, timer)
        finally:
            await sockets.close()


@every_exchange
async def test_each_exchange_tells_trades_of_the_pairs_that_are_wanted(name):
    async with listening(name) as on:
        assert on.newest() is None and on.newest("ETH-USD") is None
        await on.exchange.subscribers(2)
        await on.exchange.send(json.dumps(on.exchange.heartbeat))
        await on.exchange.trade("BTC-USD", 70_000.5, NOON + 0.25)
        await on.exchange.trade("ETH-USD", 2_000.25, NOON)
        assert (await on.heard())[:2] == (70_000.5, pytest.approx(NOON + 0.25, abs=1e-3))
        assert (await on.heard(symbol="ETH-USD")).price == 2_000.25
        await on.exchange.trade("SOL-USD", 100.0, NOON)  # which nobody wants
        await on.exchange.trade("BTC-USD", 70_001.0, NOON + 1)
        assert (await on.heard(70_001.0)).time == pytest.approx(NOON + 1)
        assert on.newest("SOL-USD", wanted=False) is None
        assert on.exchange.made == 1


async def test_a_pair_that_is_wanted_later_is_asked_for_on_the_same_connection():
    async with listening() as on:
        on.newest()
        await on.exchange.subscribers(1)
        on.newest("ETH-USD")
        await on.exchange.subscribers(2)
        assert (on.exchange.made, on.exchange.subscribed) == (1, ["btcusd", "ethusd"])


async def test_nobody_listens_once_nobody_wants_a_price_and_again_when_somebody_does():
    async with listening() as on:
        on.newest(wanted=False)
        await asyncio.sleep(0.1)
        assert on.exchange.made == 0
        on.newest()
        await on.exchange.subscribers()
        on.timer.ahead += WANTED_FOR
        await on.until(lambda: not on.exchange.open)
        assert on.newest(wanted=False) is None
        on.newest()
        await on.until(lambda: on.exchange.made == 2)


async def test_a_trade_serves_for_some_seconds_and_then_the_exchange_is_to_be_asked():
    async with listening() as on:
        on.newest()
        await on.exchange.subscribers()
        await on.exchange.trade("BTC-USD", 70_000.0, NOON)
        await on.heard()
        on.timer.ahead += SERVES_FOR
        assert on.newest() is None


async def test_what_goes_back_in_time_is_left_out_for_a_minute():
    async with listening() as on:
        on.newest()
        await on.exchange.subscribers()
        await on.exchange.trade("BTC-USD", 70_000.0, NOON)
        await on.heard()
        await on.exchange.trade("BTC-USD", 60_000.0, NOON - 5)
        await on.exchange.trade("ETH-USD", 2_000.0, NOON)
        on.newest("ETH-USD")
        await on.exchange.subscribers(2)
        await on.exchange.trade("ETH-USD", 2_000.0, NOON)
        await on.heard(symbol="ETH-USD")
        assert on.newest().price == 70_000.0
        for _ in range(int(PATIENCE / 10) + 1):  # wanted all the time
            on.timer.ahead += 10.0
            on.newest()
            await on.exchange.send(json.dumps(on.exchange.heartbeat))
            await asyncio.sleep(0.05)
        await on.exchange.trade("BTC-USD", 60_000.0, NOON - 5)
        assert (await on.heard()).price == 60_000.0


@pytest.mark.parametrize("sent", [*GARBAGE.values(), *map(json.dumps, STRANGE.values())], ids=[*GARBAGE, *STRANGE])
async def test_garbage_ends_the_connection_is_told_once_and_is_recovered_from(sent, caplog):
    async with listening() as on:
        on.newest()
        await on.exchange.subscribers()
        await on.exchange.trade("BTC-USD", 70_000.0, NOON)
        await on.heard()
        await on.exchange.send(sent)
        await on.until(lambda: on.newest() is None)
        await on.until(lambda: on.exchange.made == 2 and on.exchange.open)
        await on.exchange.send(sent)
        await on.until(lambda: on.exchange.made == 3 and on.exchange.open)
        await on.exchange.trade("BTC-USD", 70_001.0, NOON + 1)
        assert (await on.heard()).price == 70_001.0
        told = [each for each in caplog.records if each.levelno >= logging.WARNING]
        assert len(told) == 1 and "asked for prices" in told[0].getMessage()
        on.timer.ahead += WELL
        on.newest()
        await on.exchange.trade("BTC-USD", 70_002.0, NOON + 2)
        await on.until(lambda: "again" in caplog.records[-1].getMessage())


async def test_a_flood_is_cut_off_and_nobody_else_waits():
    async with listening() as on:
        on.newest()
        await on.exchange.subscribers()
        rounds = 0

        async def others():
            nonlocal rounds
            while True:
                await asyncio.sleep(0)
                rounds += 1

        other = asyncio.create_task(others())
        taken = await on.exchange.flood("BTC-USD", 60_000.0, NOON, 500_000)
        other.cancel()
        assert taken < 100_000
        assert rounds > taken / 100  # some have their turn after each few messages
        assert on.newest() is None
        await on.until(lambda: on.exchange.made == 2)


async def test_a_stalled_exchange_is_given_up_and_a_quiet_one_is_asked_whether_it_is_there():
    async with listening() as on:
        on.exchange.mood = "stalls"
        on.newest()
        await on.exchange.subscribers()
        for _ in range(int(SILENT / 10) + 1):
            on.timer.ahead += 10.0
            on.newest()
            await asyncio.sleep(0.05)
        await on.until(lambda: on.exchange.made == 2)
        on.exchange.mood = ""
        await on.until(lambda: on.exchange.open)
        for _ in range(int(SILENT / 5) + 1):  # it answers each time, though nothing is traded
            on.timer.ahead += 5.0
            on.newest()
            await asyncio.sleep(1.1)
        assert on.exchange.made == 2


async def test_an_exchange_that_hangs_up_at_once_is_tried_with_pauses_and_told_of_once(caplog):
    async with listening() as on:
        on.exchange.mood = "closes"
        on.newest()
        await on.until(lambda: on.exchange.made >= 1)
        await asyncio.sleep(3.0)
        assert 2 <= on.exchange.made <= 5  # after pauses of half a second to two, and of one to four in all
        assert [each.levelname for each in caplog.records if "WebSocket" in each.getMessage()] == ["WARNING"]
        on.exchange.mood = ""
        on.newest()
        await on.exchange.subscribers()
        await on.exchange.trade("BTC-USD", 70_000.0, NOON)
        await on.heard()


async def test_an_exchange_that_is_not_there_or_refuses_costs_nothing_but_pauses(caplog):
    sockets = Sockets({"kraken": "ws://127.0.0.1:9", "coinbase": "no address", "binance": ""})
    for name in ("kraken", "coinbase", "binance", "bitstamp"):
        assert sockets.newest(name, "BTC-USD", catalogue()["BTC-USD"].pairs[name], wanted=True) is None
    async with asyncio.timeout(20):
        while len(caplog.records) < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(1.5)
    assert sorted(each.getMessage().split()[0] for each in caplog.records) == ["coinbase", "kraken"]
    await sockets.close()


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("coinbase", {"type": "error", "message": "Failed to subscribe"}),
     ("kraken", {"method": "subscribe", "success": False, "error": "Currency pair not supported"}),
     ("bitstamp", {"event": "bts:error", "data": {"code": None}}), ("bitstamp", {"event": "bts:request_reconnect"}),
     ("binance", {"code": 2, "msg": "Invalid request"})],
)  # fmt: skip
async def test_a_refusal_is_taken_for_one(name, refusal, caplog):
    async with listening(name) as on:
        on.newest()
        await on.exchange.subscribers()
        await on.exchange.send(json.dumps(refusal))
        await on.until(lambda: on.exchange.made == 2)
        assert len([each for each in caplog.records if name in each.getMessage()]) == 1


async def test_no_more_pairs_are_listened_to_than_may_be():
    async with imitated("bitstamp") as exchange:
        sockets = Sockets({"bitstamp": exchange.url})
        for number in range(MOST_PAIRS + 10):
            sockets.newest("bitstamp", f"C{number}-USD", Pair(f"c{number}usd", "USD"), wanted=True)
        await exchange.subscribers(MOST_PAIRS)
        await asyncio.sleep(0.2)
        assert len(exchange.subscribed) == MOST_PAIRS
        await sockets.close()
    assert MOST_MESSAGES > MOST_PAIRS  # or an honest answer to each would be a flood
