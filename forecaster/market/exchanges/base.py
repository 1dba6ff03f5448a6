"""One public exchange: ask it for candles, prices and pairs, believe nothing it sends, say in words what went wrong.

Each question is one request, tried twice where a second try may help, within a deadline; every failure comes
out as an ExchangeError. A subclass (bitstamp.py and so on) only says how to ask and where the numbers stand in
the answer.
"""

import asyncio
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import httpx

from forecaster.errors import ExchangeError, InvalidInput
from forecaster.market.candles import LATEST, Candles, Row, utc
from forecaster.market.exchanges.wire import MAX_BODY, NOT_CANDLES, Answer, Query, Wire
from forecaster.market.symbols import Pair, catalogue, unsupported
from forecaster.schema import HOUR

CLOCK_SKEW = 60  # seconds by which an exchange's web server and its matching engine may disagree
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][-+]?\d{1,3})?", re.ASCII)
ERROR_KEYS = ("error", "errors", "message", "msg", "code", "reason")  # in an object sent instead of candles
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, OverflowError)  # what strange shapes raise

T = TypeVar("T")
Cells = tuple[Any, Any, Any, Any, Any, Any]  # of a Row, as they were sent: numbers or text


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of an exchange."""

    candles: Candles  # at least one, every one closed at `now`
    now: float  # Unix seconds, by the exchange's own clock


class Exchange(ABC):
    """A public source of candles over HTTP."""

    name: ClassVar[str]
    quote: ClassVar[str] = "USD"  # the one currency that its pairs are quoted in here
    max_rows: ClassVar[int]  # most rows that one request gives

    def __init__(self, client: httpx.AsyncClient, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self.wire = Wire(self.name, client, base_url, clock)

    def pair(self, symbol: str) -> Pair | None:
        """What it calls a coin of the catalogue; None where it does not list it, or no entry says so."""
        coin = catalogue().get(symbol)
        return coin.pairs.get(self.name) if coin else None

    async def candles(
        self,
        symbol: str,
        *,
        limit: int,
        start: int | None = None,
        step: int = HOUR,
        within: float = 5.0,
        pair: Pair | None = None,
    ) -> Page:
        """The newest `limit` closed candles, or with `start` (Unix s) the first `limit` that open then or later.

        Gives fewer where the exchange has no more. Answers or fails within `within` seconds. `pair` is what it calls
        the symbol, unless the catalogue says so. Raises ExchangeError, and UnsupportedSymbol before any call.
        """
        name = self._named(symbol, pair)
        count = min(limit + 1, self.max_rows)  # one more than asked: the newest row is still forming
        answer = await self._get(self._request(name, count, start, step), within)
        candles = self._closed(self._read(answer, self._sent), answer.now, step)
        candles = candles[-limit:] if start is None else candles.since(start)[:limit]
        if len(candles) == 0:
            raise self.wire.error("sent no closed candles")
        return Page(candles, answer.now)

    async def close(self) -> None:
        """Give back the connections of the client, which exchanges may share."""
        await self.wire.close()

    @abstractmethod
    def _request(self, pair: str, count: int, start: int | None, step: int) -> tuple[str, Query]:
        """Path and query that ask for `count` rows of `step` seconds: the newest, or those from `start` (Unix s) on."""

    @abstractmethod
    def _sent(self, body: Any) -> list[Any]:
        """The rows in a decoded JSON answer, as they stand there. May raise UNREADABLE on any other shape."""

    @abstractmethod
    def _cells(self, row: Any) -> Cells:
        """What one of them says. May raise UNREADABLE."""

    def _named(self, symbol: str, pair: Pair | None) -> str:
        pair = pair or self.pair(symbol)
        if pair is None:
            raise unsupported(symbol, (each for each in catalogue() if self.pair(each)))
        return pair.name

    async def _get(self, request: tuple[str, Query], within: float, most: int = MAX_BODY) -> Answer:
        try:
            async with asyncio.timeout(within):
                return await self.wire.get(*request, most)
        except TimeoutError as error:
            raise self.wire.error("timed out") from error

    def _read(self, answer: Answer, find: Callable[[Any], T], otherwise: str = NOT_CANDLES) -> T:
        """What `find` finds in the decoded answer, which is no refusal."""
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise self.wire.error(otherwise) from error
        if isinstance(body, dict) and (body.get("status") == "error" or any(map(body.get, ERROR_KEYS))):
            raise self._refusal(body, answer.now)
        try:
            return find(body)
        except UNREADABLE as error:
            raise self.wire.error(otherwise) from error

    def _refusal(self, body: dict[str, Any], now: float) -> ExchangeError:
        """What an error object with status 200 means."""
        words = " ".join(str(body.get(key)) for key in ERROR_KEYS if body.get(key))
        return self.wire.too_often(words[:4000], now) or self.wire.error("answered with an error")

    def _closed(self, sent: list[Any], now: float, step: int) -> Candles:
        """The rows as candles that are closed at `now`; what a row of the forming candle says is not looked at.

        Refuses all of them when a closed one is implausible.
        """
        rows: list[Row] = []
        unreadable: list[Exception] = []
        forming = False
        for cells in sent:
            try:
                time, *prices = self._cells(cells)
                time = number(time)
            except UNREADABLE as error:
                unreadable.append(error)
                continue
            if now + CLOCK_SKEW < time <= LATEST:
                raise self.wire.error("sent candles from the future")
            if now < time + step and time <= LATEST:
                forming = True
                continue
            try:
                rows.append(row_of(time, *prices))
            except UNREADABLE as error:
                raise self.wire.error(NOT_CANDLES) from error
        newest = now // step * step - step
        if unreadable and (forming or len(unreadable) > 1 or all(row[0] != newest for row in rows)):
            raise self.wire.error(NOT_CANDLES) from unreadable[0]  # else it was the forming row that cannot be read
        try:
            return Candles.from_rows(rows, step)
        except InvalidInput as error:
            raise self.wire.error("sent implausible candles") from error


def open_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client that exchanges share; it says who asks. `transport` carries requests instead of the network."""
    return httpx.AsyncClient(
        headers={"User-Agent": "CryptoSense/0.1", "Accept": "application/json"}, transport=transport
    )


def number(value: Any) -> float:
    """A JSON number, or a string that holds one, as float. Raises TypeError or ValueError on anything else."""
    if isinstance(value, str):
        if NUMBER.fullmatch(value) is None:  # float() would take "nan", "1_000" and " 7 " too
            raise ValueError("not a number")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return float(value)


def row_of(time: Any, open_: Any, high: Any, low: Any, close: Any, volume: Any) -> Row:
    """A candle's row from what an exchange sends as numbers or as text; see `number`."""
    return number(time), number(open_), number(high), number(low), number(close), number(volume)


def listed(body: Any) -> list[Any]:
    """The body, which must be a list. Raises TypeError."""
    if not isinstance(body, list):
        raise TypeError("not a list")
    return body


def iso_time(seconds: int) -> str:
    """Unix seconds as 2026-01-31T12:00:00Z."""
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
