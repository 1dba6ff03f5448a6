"""One call to another CryptoSense over HTTP: bounded in time and size, tried twice where a second try may help.

Whatever goes wrong comes out as a BackendError; a question that the other one refuses as InvalidInput, in its words.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from forecaster import tracing
from forecaster.errors import BackendError, InvalidInput

CONNECT = 2.0  # seconds until there is a connection
PAUSE = 0.2  # seconds before a second try, where the other one does not say
LONGEST_PAUSE = 2.0  # seconds: a longer Retry-After is no matter of waiting
LONGEST_WORDS = 500  # characters of a refusal that are passed on
LARGEST_ANSWER = 4 * 2**20  # bytes; the largest but for a batch is the evaluation, 0.7 MB

Query = Mapping[str, str | int | float]


class Calls:
    """Asks the CryptoSense at `url`, with an API key where it needs one."""

    def __init__(
        self, url: str, key: str | None, within: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`within` is the seconds of a whole call; `transport` carries requests instead of the network."""
        headers = {"User-Agent": "CryptoSense/0.1", "Accept": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        timeout = httpx.Timeout(within, connect=min(CONNECT, within))
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, transport=transport)
        self._url, self._within = url.rstrip("/"), within

    async def get(self, path: str, query: Query | None = None) -> bytes | None:
        """The answer, or None for a 404."""
        return await self._asked("GET", path, params={name: value for name, value in (query or {}).items()})

    async def post(self, path: str, body: Mapping[str, object], largest: int = LARGEST_ANSWER) -> bytes:
        """The answer."""
        answer = await self._asked("POST", path, largest, json=body)
        if answer is None:
            raise BackendError("does not know what it was asked (404)")
        return answer

    async def close(self) -> None:
        """Give back connections."""
        await self._client.aclose()

    async def _asked(self, method: str, path: str, largest: int = LARGEST_ANSWER, **content: Any) -> bytes | None:
        with tracing.span("backend call", "client", method=method):
            try:
                async with asyncio.timeout(self._within):
                    try:
                        return await self._once(method, path, largest, content)
                    except BackendError as error:
                        if not error.transient:
                            raise
                        await asyncio.sleep(PAUSE if error.retry_after is None else error.retry_after)
                        return await self._once(method, path, largest, content)
            except TimeoutError as error:
                raise BackendError("timed out") from error

    async def _once(self, method: str, path: str, largest: int, content: Mapping[str, Any]) -> bytes | None:
        try:
            content = {**content, "headers": tracing.named_to_others()}
            async with self._client.stream(method, self._url + path, follow_redirects=False, **content) as response:
                body = await _body(response, largest)
        except httpx.TimeoutException as error:
            raise BackendError("timed out") from error
        except httpx.ConnectError as error:  # refused, no such host, or TLS failed
            raise BackendError("could not be reached", transient=True) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise BackendError("broke off the connection", transient=True) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # such as a URL that is none
            raise BackendError("could not be reached") from error
        return _checked(response, body)


async def _body(response: httpx.Response, largest: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise BackendError("sent something that is not an answer")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > largest:
            raise BackendError(f"sent more than {largest // 2**20} MB")
    return bytes(body)


def _checked(response: httpx.Response, body: bytes) -> bytes | None:
    """The body of an answer, None where nothing is there, and an error for everything else."""
    status, wait = response.status_code, _retry_after(response)
    if status == 200:
        return body
    if status == 404:
        return None
    if status in (413, 422):
        raise _refusal(body)
    if status in (401, 403):
        raise BackendError(f"refused the API key ({status})")
    if status == 429:
        raise BackendError("asked to be left alone", retry_after=wait)
    if status in (502, 503, 504):
        soon = wait is None or wait <= LONGEST_PAUSE
        raise BackendError(f"has no answer just now ({status})", retry_after=wait, transient=soon)
    if 300 <= status < 400:
        raise BackendError(f"redirected elsewhere ({status})")
    raise BackendError(f"answered with an error ({status})")


def _refusal(body: bytes) -> InvalidInput:
    """What the problem says, if it is one: its detail, or the first thing that is wrong."""
    try:
        problem = json.loads(body)
        errors = problem.get("errors") or [problem]
        words = str(errors[0]["detail"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        words = ""
    return refusal(words)


def refusal(words: str) -> InvalidInput:
    """Why a question was refused, in the other one's words."""
    kept = "".join(each for each in words if each.isprintable())[:LONGEST_WORDS]
    message, _, remedy = kept.partition(". ")
    if not remedy:
        return InvalidInput(message or "The forecaster refused the question.", "/docs shows what it takes.")
    return InvalidInput(f"{message}.", remedy)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "").strip()
    return float(value[:9]) if value.isascii() and value.isdigit() else None
