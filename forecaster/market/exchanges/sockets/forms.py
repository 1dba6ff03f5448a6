"""What each exchange wants to be told over its WebSocket, and what its messages say. Believes nothing they send.

Coinbase   ticker and heartbeat   https://docs.cdp.coinbase.com/exchange/websocket-feed/channels
Kraken     ticker, version 2      https://docs.kraken.com/api/docs/websocket-v2/ticker
Bitstamp   live_trades            https://www.bitstamp.net/websocket/v2/
Binance    miniTicker             https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from forecaster.market.exchanges.wire import number
from forecaster.market.symbols import Pair

BITSTAMP_CHANNEL = "live_trades_"
REFUSED = "refused what it was asked for"

Message = dict[str, Any]


class Trade(NamedTuple):
    """The last one of a pair, by the name that the WebSocket has for it."""

    name: str
    price: float
    time: float | None  # Unix s by the exchange's clock, where it is told


class Refused(ValueError):
    """The exchange says that it will not tell what was asked for, or wants to be left."""


@dataclass(frozen=True, slots=True)
class Form:
    """The messages of one exchange."""

    name: Callable[[str, Pair], str]  # what the WebSocket calls a symbol's pair
    subscriptions: Callable[[Sequence[str]], list[Message]]  # what asks for trades of some pairs from now on
    trades: Callable[[Message], Iterator[Trade]]  # those in a message; raises Refused, and UNREADABLE
    ping: Message | None = None  # what is answered even while nothing is traded, if that is to be asked for


def _pair(symbol: str, pair: Pair) -> str:
    return pair.name


def _coinbase(names: Sequence[str]) -> list[Message]:
    return [{"type": "subscribe", "product_ids": list(names), "channels": ["ticker", "heartbeat"]}]


def _coinbase_trades(message: Message) -> Iterator[Trade]:
    kind = message["type"]
    if kind == "error":
        raise Refused(REFUSED)
    if kind == "ticker":
        yield Trade(message["product_id"], number(message["price"]), _seconds(message["time"]))


def _kraken_name(symbol: str, pair: Pair) -> str:
    return f"{symbol.partition('-')[0]}/{pair.quote}"  # as everybody names coins


def _kraken(names: Sequence[str]) -> list[Message]:
    told = {"channel": "ticker", "symbol": list(names), "event_trigger": "trades", "snapshot": True}
    return [{"method": "subscribe", "params": told}]


def _kraken_trades(message: Message) -> Iterator[Trade]:
    if message.get("success") is False:
        raise Refused(REFUSED)
    if message.get("channel") == "ticker":
        for each in message["data"]:
            time = each.get("timestamp")
            yield Trade(each["symbol"], number(each["last"]), None if time is None else _seconds(time))


def _bitstamp(names: Sequence[str]) -> list[Message]:
    return [{"event": "bts:subscribe", "data": {"channel": BITSTAMP_CHANNEL + name}} for name in names]


def _bitstamp_trades(message: Message) -> Iterator[Trade]:
    event = message["event"]
    if event == "bts:error":
        raise Refused(REFUSED)
    if event == "bts:request_reconnect":
        raise Refused("wants to be connected to anew")
    if event == "trade":
        data, name = message["data"], message["channel"].removeprefix(BITSTAMP_CHANNEL)
        yield Trade(name, number(data["price"]), number(data["microtimestamp"]) / 1e6)


def _binance(names: Sequence[str]) -> list[Message]:
    return [{"method": "SUBSCRIBE", "params": [f"{name.lower()}@miniTicker" for name in names], "id": 1}]


def _binance_trades(message: Message) -> Iterator[Trade]:
    if message.get("error") or "code" in message:
        raise Refused(REFUSED)
    if message.get("e") == "24hrMiniTicker":  # once a second: of a busy pair, trades would be hundreds
        yield Trade(message["s"], number(message["c"]), number(message["E"]) / 1000)


FORMS = {
    "bitstamp": Form(_pair, _bitstamp, _bitstamp_trades, ping={"event": "bts:heartbeat"}),
    "coinbase": Form(_pair, _coinbase, _coinbase_trades),  # which sends a heartbeat a second
    "kraken": Form(_kraken_name, _kraken, _kraken_trades, ping={"method": "ping"}),
    "binance": Form(_pair, _binance, _binance_trades, ping={"method": "LIST_SUBSCRIPTIONS", "id": 2}),
}


def _seconds(text: str) -> float:
    """RFC 3339 as Unix seconds."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
