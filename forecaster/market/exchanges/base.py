"""One public exchange: ask it for hourly candles, believe nothing it sends, say in words what went wrong.

``Exchange.candles`` is the whole of it: one request, tried twice where a second try may help, within a
deadline; every failure comes out as an ExchangeError. A subclass (catalogue.py) only says how to ask
and where the numbers stand in the answer.
"""

import asyncio
import json
import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import httpx
import stamina

from forecaster.errors import ExchangeError, InvalidInput, UnsupportedSymbol
from forecaster.market.candles import Candles, Row, utc
from forecaster.schema import SYMBOLS

MAX_BODY = 2_000_000  # bytes; the longest honest answer, 1000 rows of Binance, is under 200 kB
QUIET = 30.0  # seconds to stay away after "too many requests" that does not say for how long
LONGEST_QUIET = 3600.0  # seconds: a longer Retry-After is cut to this
CLOCK_SKEW = 60  # seconds by which an exchange's web server and its matching engine may disagree
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][-+]?\d{1,3})?", re.ASCII)
ERROR_KEYS = ("error", "errors", "message", "msg", "code", "reason")  # in an object sent instead of candles

Query = dict[str, str | int]
logging.getLogger("stamina").setLevel(logging.ERROR)  # a try that failed is told by the ExchangeError or did not matter


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of an exchange."""

    candles: Candles  # at least one, every one closed at `now`
    now: float  # Unix seconds, by the exchange's own clock


def _worth_a_second_try(error: Exception) -> bool:
    return isinstance(error, ExchangeError) and error.transient


class Exchange(ABC):
    """A public source of hourly candles over HTTP."""

    name: ClassVar[str]
    quote: ClassVar[str] = "USD"
    max_rows: ClassVar[int]  # most rows that one request gives

    def __init__(self, client: httpx.AsyncClient, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._base_url = base_url
        self._clock = clock  # stands in for an exchange that sends no Date

    async def candles(self, symbol: str, *, limit: int, start: int | None = None, within: float = 5.0) -> Page:
        """The newest `limit` closed candles, or with `start` (Unix s) the first `limit` that open then or later.

        Gives fewer where the exchange has no more. Answers or fails within `within` seconds. Raises
        ExchangeError, and UnsupportedSymbol before any call.
        """
        if symbol not in SYMBOLS:
            raise UnsupportedSymbol(symbol, SYMBOLS)
        count = min(limit + 1, self.max_rows)  # one more than asked: the newest row is still forming
        try:
            async with asyncio.timeout(within):
                body, now = await self._get(*self._request(symbol, count, start))
        except TimeoutError as error:
            raise self._error("timed out") from error
        candles = self._closed(self._parsed(body), now)
        candles = candles[-limit:] if start is None else candles.since(start)[:limit]
        if len(candles) == 0:
            raise self._error("sent no closed candles")
        return Page(candles, now)

    async def close(self) -> None:
        """Give back the connections of the client, which exchanges may share."""
        await self._client.aclose()

    @abstractmethod
    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        """Path and query that ask for `count` hourly rows: the newest, or those from `start` (Unix s) on."""

    @abstractmethod
    def _rows(self, body: Any) -> Iterable[Row]:
        """The rows in a decoded JSON answer. May raise LookupError, TypeError or ValueError on any other shape."""

    @stamina.retry(on=_worth_a_second_try, attempts=2, timeout=None, wait_initial=0.1, wait_max=0.2, wait_jitter=0.1)
    async def _get(self, path: str, query: Query) -> tuple[bytes, float]:
        """The answer's body and the exchange's clock."""
        try:
            url = self._base_url + path
            async with self._client.stream("GET", url, params=query, follow_redirects=False) as response:
                date = _timestamp(response.headers.get("Date", ""))
                now = self._clock() if date is None else date
                self._check_status(response, now)
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise self._error(f"sent more than {MAX_BODY // 1_000_000} MB")
                return bytes(body), now
        except httpx.TimeoutException as error:
            raise self._error("timed out") from error
        except httpx.ConnectError as error:  # refused, no such host, or TLS failed
            raise self._error("could not be reached", transient=True) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise self._error("broke off the connection", transient=True) from error
        except httpx.DecodingError as error:
            raise self._error("sent something that is not candles") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # such as a base URL that is none
            raise self._error("could not be reached") from error

    def _check_status(self, response: httpx.Response, now: float) -> None:
        status = response.status_code
        if status == 200:
            return
        wait = _retry_after(response, now)
        if status in (418, 429) or (status == 503 and wait is not None):
            raise self._asked_for_quiet(QUIET if wait is None else wait)
        if status == 451:
            raise self._error("refused this region (451)")
        if status in (401, 403):
            raise self._error(f"refused access ({status})")
        if 300 <= status < 400:
            raise self._error(f"redirected elsewhere ({status})")
        raise self._error(f"answered with an error ({status})", transient=status >= 500)

    def _parsed(self, body: bytes) -> list[Row]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._error("sent something that is not candles") from error
        if isinstance(answer, dict) and (answer.get("status") == "error" or any(map(answer.get, ERROR_KEYS))):
            raise self._refusal(answer)
        try:
            return list(self._rows(answer))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise self._error("sent something that is not candles") from error

    def _refusal(self, answer: dict[str, Any]) -> ExchangeError:
        """What an error object with status 200 means."""
        return self._error("answered with an error")

    def _closed(self, rows: list[Row], now: float) -> Candles:
        """The rows as candles that are closed at `now`. Refuses all of them when one is implausible."""
        try:
            candles = Candles.from_rows(rows)
        except InvalidInput as error:
            raise self._error("sent implausible candles") from error
        if len(candles) and candles.time[-1] > now + CLOCK_SKEW:
            raise self._error("sent candles from the future")
        return candles.closed_at(now)

    def _asked_for_quiet(self, seconds: float = QUIET) -> ExchangeError:
        seconds = min(max(seconds, 1.0), LONGEST_QUIET)
        return ExchangeError(self.name, f"asked to be left alone for {seconds:.0f} s", retry_after=seconds)

    def _error(self, cause: str, *, transient: bool = False) -> ExchangeError:
        return ExchangeError(self.name, cause, transient=transient)


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


def _retry_after(response: httpx.Response, now: float) -> float | None:
    """Seconds to stay away, from Retry-After (seconds or an HTTP date), or None if it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until = _timestamp(value)
    return None if until is None else until - now


def _timestamp(http_date: str) -> float | None:
    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, TypeError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


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
