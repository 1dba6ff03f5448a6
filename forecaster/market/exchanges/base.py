"""One public exchange: ask it for candles, prices and pairs, believe nothing it sends, say in words what went wrong.

Each question is one request, tried twice where a second try may help, within a deadline; every failure comes
out as an ExchangeError. A subclass (bitstamp.py and so on) only says how to ask and where the numbers stand in
the answer.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, ClassVar, TypeVar

import httpx

from forecaster.errors import ExchangeError, InvalidInput
from forecaster.market.candles import EARLIEST, LATEST, Candles, Row, utc
from forecaster.market.exchanges.shared import Question, SharedAnswers
from forecaster.market.exchanges.wire import MAX_BODY, Answer, Query, Wire, number, row_of
from forecaster.market.sources import FRESH_FOR
from forecaster.market.symbols import Pair, catalogue, unsupported
from forecaster.schema import HOUR

CANDLES = "candles"
MAX_LIST = 8_000_000  # bytes; Kraken describes more than a thousand pairs at length
SERVES = 2.0  # seconds for which an answer serves other replicas, where nothing else is said
LISTS_SERVE = 60.0  # and a list of pairs
CLOCK_SKEW = 60  # seconds by which an exchange's web server and its matching engine may disagree
ERROR_KEYS = ("error", "errors", "message", "msg", "code", "reason")  # in an object sent instead of candles
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, OverflowError)  # what strange shapes raise

T = TypeVar("T")
Cells = tuple[Any, Any, Any, Any, Any, Any]  # of a Row, as they were sent: numbers or text


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of an exchange."""

    candles: Candles  # at least one, every one closed at `now`
    now: float  # Unix seconds, by the exchange's own clock when it made it
    age: float = 0.0  # seconds since then, where another replica was given it


@dataclass(frozen=True, slots=True)
class Tick:
    """The last trade, as an exchange tells it."""

    price: float
    time: float  # Unix seconds by the exchange's own clock; that of the answer where it tells none
    now: float  # Unix seconds, by the exchange's own clock when it told it
    age: float = 0.0  # seconds since then, where another replica was told


class Exchange(ABC):
    """A public source of candles and prices over HTTP."""

    name: ClassVar[str]
    quote: ClassVar[str] = "USD"  # the one currency that its pairs are quoted in here
    currencies: ClassVar[tuple[str, ...]] = ("EUR", "GBP")  # others that it quotes large coins in
    max_rows: ClassVar[int]  # most rows that one request gives
    lists_all: ClassVar[bool] = True  # whether it names all its pairs at once, and not one that is asked for

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        clock: Callable[[], float] = time.time,
        answers: SharedAnswers | None = None,
    ) -> None:
        """`answers` are those of other replicas, and for them."""
        self.wire = Wire(self.name, client, base_url, clock)
        self._answers = answers

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
        serves: float = SERVES,
    ) -> Page:
        """The newest `limit` closed candles, or with `start` (Unix s) the first `limit` that open then or later.

        Gives fewer where the exchange has no more. Answers or fails within `within` seconds. `pair` is what it calls
        the symbol, unless the catalogue says so; an answer of another replica may be `serves` seconds old. Raises
        ExchangeError, and UnsupportedSymbol before any call.
        """
        name = self._named(symbol, pair)
        count = min(limit + 1, self.max_rows)  # one more than asked: the newest row is still forming
        answer = await self._get(self._request(name, count, start, step), within, serves=serves, marks=step)
        candles = self._closed(self._read(answer, self._sent), answer.now, step)
        candles = candles[-limit:] if start is None else candles.since(start)[:limit]
        if len(candles) == 0:
            raise self.wire.error("sent no closed candles")
        return Page(candles, answer.now, answer.age)

    async def ticker(
        self, symbol: str, *, within: float = 5.0, pair: Pair | None = None, serves: float = SERVES
    ) -> Tick:
        """The last trade. Answers or fails as `candles` does."""
        answer = await self._get(self._ticker_request(self._named(symbol, pair)), within, "a price", serves=serves)
        price, time = self._read(answer, self._tick, "a price")
        return replace(self.plausible(price, time, answer.now), age=answer.age)

    def plausible(self, price: float, time: float | None, now: float) -> Tick:
        """A trade that it tells at `now` (Unix s) perhaps with a time. Raises ExchangeError for what cannot be."""
        time = now if time is None else time
        if not (isfinite(price) and price > 0 and EARLIEST < time < LATEST):
            raise self.wire.error("sent an implausible price")
        if time > now + CLOCK_SKEW:
            raise self.wire.error("sent a price from the future")
        if now - time >= FRESH_FOR:
            raise self.wire.error(f"has no price newer than {utc(time):%Y-%m-%d %H:%M} UTC")
        return Tick(price, min(time, now), now)

    async def products(self, symbol: str, *, within: float = 5.0) -> dict[str, Pair]:
        """The pairs that it lists in its one currency, by our symbol; of some exchanges only the one asked for."""
        answer = await self._get(self._products_request(symbol), within, "a list of pairs", MAX_LIST, LISTS_SERVE)
        found = self._read(answer, lambda body: list(self._products(body)), "a list of pairs")
        return {f"{code}-USD": Pair(name, self.quote) for code, name in found}

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

    @abstractmethod
    def _ticker_request(self, pair: str) -> tuple[str, Query]:
        """Path and query that ask for the last trade."""

    @abstractmethod
    def _tick(self, body: Any) -> tuple[float, float | None]:
        """Its price, and its time in Unix seconds where that is told. May raise UNREADABLE."""

    @abstractmethod
    def _products_request(self, symbol: str) -> tuple[str, Query]:
        """Path and query that ask for the pairs it lists, or for one of them."""

    @abstractmethod
    def _products(self, body: Any) -> Iterable[tuple[str, str]]:
        """The code of each coin that is traded in the exchange's one currency, and its pair. May raise UNREADABLE."""

    def _named(self, symbol: str, pair: Pair | None) -> str:
        pair = pair or self.pair(symbol)
        if pair is None:
            raise unsupported(symbol, (each for each in catalogue() if self.pair(each)))
        return pair.name

    async def _get(
        self,
        request: tuple[str, Query],
        within: float,
        what: str = CANDLES,
        most: int = MAX_BODY,
        serves: float = SERVES,
        marks: int = 0,
    ) -> Answer:
        async def ask(left: float) -> Answer:
            try:
                async with asyncio.timeout(left):
                    return await self.wire.get(*request, what, most)
            except TimeoutError as error:
                raise self.wire.error("timed out") from error

        if self._answers is None:
            return await ask(within)
        return await self._answers.get(Question(self.name, self.wire.url(*request), serves, marks), within, ask)

    def _read(self, answer: Answer, find: Callable[[Any], T], what: str = CANDLES) -> T:
        """What `find` finds in the decoded answer, which is no refusal."""
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise self.wire.unreadable(what) from error
        if isinstance(body, dict) and (body.get("status") == "error" or any(map(body.get, ERROR_KEYS))):
            raise self._refusal(body, answer.now)
        try:
            return find(body)
        except UNREADABLE as error:
            raise self.wire.unreadable(what) from error

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
                raise self.wire.unreadable(CANDLES) from error
        newest = now // step * step - step
        if unreadable and (forming or len(unreadable) > 1 or all(row[0] != newest for row in rows)):
            raise self.wire.unreadable(CANDLES) from unreadable[0]  # else it was the forming row that cannot be read
        try:
            return Candles.from_rows(rows, step)
        except InvalidInput as error:
            raise self.wire.error("sent implausible candles") from error


def open_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client that exchanges share; it says who asks. `transport` carries requests instead of the network."""
    return httpx.AsyncClient(
        headers={"User-Agent": "CryptoSense/0.1", "Accept": "application/json"}, transport=transport
    )
