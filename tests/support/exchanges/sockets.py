"""A local WebSocket server that speaks as one exchange does, and misbehaves on demand.

async with imitated("kraken") as exchange:
    exchange.url                               # for Sockets({"kraken": exchange.url})
    await exchange.trade("BTC-USD", 70_000.0, at=NOON)
    await exchange.send("garbage")             # to whoever is connected
    exchange.mood = "closes"                   # or "stalls", "refuses"
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from forecaster.market.candles import utc
from forecaster.market.symbols import catalogue

PATIENCE = 20.0  # seconds
Message = dict[str, Any]


def _iso(at: float) -> str:
    return utc(int(at)).replace(microsecond=int(at % 1 * 1e6)).isoformat().replace("+00:00", "Z")


def _pair(exchange: str, symbol: str) -> str:
    return catalogue()[symbol].pairs[exchange].name


def _coinbase(asked: Message) -> tuple[list[str], Message]:
    assert asked["type"] == "subscribe" and asked["channels"] == ["ticker", "heartbeat"]
    return asked["product_ids"], {"type": "subscriptions", "channels": []}


def _coinbase_trade(symbol: str, price: float, at: float) -> Message:
    name = _pair("coinbase", symbol)
    return {"type": "ticker", "product_id": name, "price": str(price), "time": _iso(at), "sequence": 1, "side": "buy"}


def _kraken(asked: Message) -> tuple[list[str], Message]:
    if asked["method"] == "ping":
        return [], {"method": "pong"}
    told = asked["params"]
    assert asked["method"] == "subscribe" and told["channel"] == "ticker"
    return told["symbol"], {"method": "subscribe", "success": True, "result": told}


def _kraken_trade(symbol: str, price: float, at: float) -> Message:
    each = {"symbol": symbol.replace("-", "/"), "last": price, "bid": price, "ask": price, "timestamp": _iso(at)}
    return {"channel": "ticker", "type": "update", "data": [each]}


def _bitstamp(asked: Message) -> tuple[list[str], Message]:
    if asked["event"] == "bts:heartbeat":
        return [], {"event": "bts:heartbeat", "channel": "", "data": {"status": "success"}}
    assert asked["event"] == "bts:subscribe"
    channel = asked["data"]["channel"]
    assert channel.startswith("live_trades_")
    return [channel[12:]], {"event": "bts:subscription_succeeded", "channel": channel, "data": {}}


def _bitstamp_trade(symbol: str, price: float, at: float) -> Message:
    data = {"id": 1, "timestamp": str(int(at)), "price": price, "price_str": str(price), "type": 0, "amount": 0.1}
    data["microtimestamp"] = str(int(at * 1e6))
    return {"event": "trade", "channel": f"live_trades_{_pair('bitstamp', symbol)}", "data": data}


def _binance(asked: Message) -> tuple[list[str], Message]:
    if asked["method"] == "LIST_SUBSCRIPTIONS":
        return [], {"result": [], "id": asked["id"]}
    assert asked["method"] == "SUBSCRIBE" and all(each.endswith("@miniTicker") for each in asked["params"])
    return [each.partition("@")[0].upper() for each in asked["params"]], {"result": None, "id": asked["id"]}


def _binance_trade(symbol: str, price: float, at: float) -> Message:
    told = {"e": "24hrMiniTicker", "E": int(at * 1000), "s": _pair("binance", symbol), "c": str(price), "o": "1.0"}
    return {**told, "h": "1.0", "l": "1.0", "v": "1.0", "q": "1.0"}


Answer = Callable[[Message], tuple[list[str], Message]]
EXCHANGES: dict[str, tuple[Answer, Callable[[str, float, float], Message], Message]] = {
    "coinbase": (_coinbase, _coinbase_trade, {"type": "heartbeat", "sequence": 9, "product_id": "BTC-USD"}),
    "kraken": (_kraken, _kraken_trade, {"channel": "heartbeat"}),
    "bitstamp": (_bitstamp, _bitstamp_trade, {"event": "bts:heartbeat", "channel": "", "data": {}}),
    "binance": (_binance, _binance_trade, {"result": None, "id": 7}),
}


class Imitated:
    """One exchange's WebSocket."""

    def __init__(self, name: str) -> None:
        self._answer, self._trade, self.heartbeat = EXCHANGES[name]
        self.url, self.mood = "", ""
        self.made = 0  # connections so far
        self.subscribed: list[str] = []
        self.open: set[ServerConnection] = set()

    async def trade(self, symbol: str, price: float, at: float) -> None:
        """Tell a trade of so many Unix seconds to whoever is connected."""
        await self.send(json.dumps(self._trade(symbol, price, at)))

    async def send(self, message: str | bytes) -> None:
        """Tell anything to whoever is connected."""
        for each in tuple(self.open):
            with suppress(ConnectionClosed):
                await each.send(message)

    async def flood(self, symbol: str, price: float, at: float, count: int) -> int:
        """Tell as many trades as are taken, each a cent above the one before; how many were."""
        (connection,) = self.open
        for number in range(count):
            try:
                await connection.send(json.dumps(self._trade(symbol, price + number / 100, at)))
            except ConnectionClosed:
                return number
            if number % 100 == 0:
                await asyncio.sleep(0)  # it sends from this process
        return count

    async def subscribers(self, count: int = 1) -> None:
        """Wait until somebody has asked for so many pairs."""
        async with asyncio.timeout(PATIENCE):
            while len(self.subscribed) < count or not self.open:
                await asyncio.sleep(0.01)

    async def serve(self, connection: ServerConnection) -> None:
        self.made += 1
        if self.mood == "closes":
            return
        self.open.add(connection)
        try:
            async for message in connection:
                names, answer = self._answer(json.loads(message))
                self.subscribed += names
                if self.mood != "stalls":
                    await connection.send(json.dumps(answer))
        except ConnectionClosed:
            pass
        finally:
            self.open.discard(connection)


@asynccontextmanager
async def imitated(name: str) -> AsyncIterator[Imitated]:
    """An exchange of that name, at any free port."""
    exchange = Imitated(name)
    async with serve(exchange.serve, "127.0.0.1", 0, close_timeout=0.2) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        exchange.url = f"ws://127.0.0.1:{port}"
        yield exchange
