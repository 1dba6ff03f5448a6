"""One exchange's web server: asked within bounds, tried twice where that may help, its refusals told in words.

Exchanges tell that they were asked too often in three ways: with a status, in the words of another refusal, and in an
object sent with status 200. All lead to the same quiet.
"""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import stamina

from forecaster import tracing
from forecaster.errors import ExchangeError
from forecaster.market.candles import Row, utc

MAX_BODY = 2_000_000  # bytes; the longest honest answer, 1000 rows of Binance, is under 200 kB
MAX_WORDS = 4_000  # bytes of a refusal that are looked at
QUIET = 30.0  # seconds to stay away after "too many requests" that does not say for how long
LONGEST_QUIET = 3600.0  # seconds: a longer wish is cut to this
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][-+]?\d{1,3})?", re.ASCII)
TOO_OFTEN = re.compile(  # Kraken, Binance, Coinbase and Bitstamp, in this order
    r"too many requests|rate ?limit|throttled|lockout|too much request weight|too many (new )?orders|ip banned|"
    r"banned until|-10(03|15)\b|limit exceeded|400\.002",
    re.IGNORECASE,
)
UNTIL = re.compile(r"(?:banned until|throttled:) *(\d{10}|\d{13})\b", re.IGNORECASE)  # Unix s, or ms

Query = dict[str, str | int]
logging.getLogger("stamina").setLevel(logging.ERROR)  # a try that failed is told by the ExchangeError or did not matter


class Answer(NamedTuple):
    """What came back."""

    body: bytes
    now: float  # Unix seconds, by the exchange's own clock when it made it
    age: float = 0.0  # seconds since then, where another replica was given it


def _worth_a_second_try(error: Exception) -> bool:
    return isinstance(error, ExchangeError) and error.transient


class Wire:
    """Requests to one exchange. Every failure is an ExchangeError."""

    def __init__(self, name: str, client: httpx.AsyncClient, base_url: str, clock: Callable[[], float] = time.time):
        """`clock` stands in for an exchange that sends no Date."""
        self._name, self._client, self._base_url, self._clock = name, client, base_url, clock

    @stamina.retry(on=_worth_a_second_try, attempts=2, timeout=None, wait_initial=0.1, wait_max=0.2, wait_jitter=0.1)
    async def get(self, path: str, query: Query, what: str, most: int = MAX_BODY) -> Answer:
        """The answer to a GET for `what`, such as candles, whose body is at most so many bytes long."""
        with tracing.span("exchange call", "client", exchange=self._name, method="GET", wanted=what) as told:
            return await self._got(path, query, what, most, told)

    async def _got(self, path: str, query: Query, what: str, most: int, told: tracing.Telling) -> Answer:
        try:
            url = self._base_url + path
            async with self._client.stream("GET", url, params=query, follow_redirects=False) as response:
                date = _timestamp(response.headers.get("Date", ""))
                now = self._clock() if date is None else date
                told.tell(status=response.status_code)
                await self._check_status(response, now)
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > most:
                        raise self.error(f"sent more than {most // 1_000_000} MB")
                return Answer(bytes(body), now)
        except httpx.TimeoutException as error:
            raise self.error("timed out") from error
        except httpx.ConnectError as error:  # refused, no such host, or TLS failed
            raise self.error("could not be reached", transient=True) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise self.error("broke off the connection", transient=True) from error
        except httpx.DecodingError as error:
            raise self.unreadable(what) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # such as a base URL that is none
            raise self.error("could not be reached") from error

    def url(self, path: str, query: Query) -> str:
        """What `get` asks for, written one way."""
        return f"{self._base_url}{path}?{urlencode(sorted(query.items()))}"

    async def close(self) -> None:
        """Give back the connections of the client, which exchanges may share."""
        await self._client.aclose()

    def error(self, cause: str, *, transient: bool = False) -> ExchangeError:
        """This exchange's failure, in a few plain words."""
        return ExchangeError(self._name, cause, transient=transient)

    def unreadable(self, what: str) -> ExchangeError:
        """The failure of an answer that is not what was asked for."""
        return self.error(f"sent something that is not {what}")

    def too_often(self, words: str, now: float) -> ExchangeError | None:
        """The wish to be left alone that a refusal tells at `now` (Unix s), if it tells one."""
        if TOO_OFTEN.search(words) is None:
            return None
        until = UNTIL.search(words)
        return self._asked_for_quiet(float(until[1][:10]) - now if until else QUIET)

    async def _check_status(self, response: httpx.Response, now: float) -> None:
        status = response.status_code
        if status == 200:
            return
        wait = _retry_after(response, now)
        if status in (418, 429) or (status == 503 and wait is not None):
            raise self._asked_for_quiet(QUIET if wait is None else wait)
        if status == 451:
            raise self.error("refused this region (451)")
        if 400 <= status < 500 and (quiet := self.too_often(await _words(response), now)):
            raise quiet
        if status in (401, 403):
            raise self.error(f"refused access ({status})")
        if 300 <= status < 400:
            raise self.error(f"redirected elsewhere ({status})")
        raise self.error(f"answered with an error ({status})", transient=status >= 500)

    def _asked_for_quiet(self, seconds: float) -> ExchangeError:
        seconds = min(max(seconds, 1.0), LONGEST_QUIET)
        return ExchangeError(self._name, f"asked to be left alone for {seconds:.0f} s", retry_after=seconds)


async def _words(response: httpx.Response) -> str:
    """How the body of a refusal begins."""
    words = b""
    async for chunk in response.aiter_bytes():
        words += chunk[:MAX_WORDS]
        if len(words) >= MAX_WORDS:
            break
    return words[:MAX_WORDS].decode("utf-8", "replace")


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
