"""One try of one delivery: signed, to an address that was checked, without following anybody anywhere."""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Literal, NamedTuple

import httpcore
import httpx

from forecaster.alerts.addresses import Allowed, CheckedBackend, Dial, Refused, Resolve, dialed, resolved
from forecaster.alerts.alerts import may_be_asked, place_of
from forecaster.alerts.queue import Parcel

WITHIN = 10.0  # seconds for one try, name and TLS included
READ, READ_WITHIN = 64 * 1024, 1.0  # bytes of an answer's body that are read, and seconds; nothing of it is kept
FORBIDDEN = "leads to where webhooks are not delivered"

Result = Literal["delivered", "failed", "refused"]


class Try(NamedTuple):
    """How it went, with a cause in a few plain words."""

    result: Result
    cause: str = ""


def signature(secret: str, body: bytes, now: int) -> str:
    """The header CryptoSense-Signature: when, and HMAC-SHA256 of that moment (Unix s), a dot and the body."""
    digest = hmac.new(secret.encode(), b"%d." % now + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


class Receiver:
    """Delivers to webhooks. Each try resolves and connects anew, so that each address is checked when it is used."""

    def __init__(
        self,
        allowed: Allowed | None = None,
        *,
        resolve: Resolve = resolved,
        dial: Dial = dialed,
        tls: ssl.SSLContext | None = None,
        within: float = WITHIN,
    ) -> None:
        """`allowed` hosts may be private and without TLS; `tls` is whom to trust; a try takes `within` seconds."""
        self.allowed = allowed or Allowed()
        self._backend = CheckedBackend(self.allowed, resolve, dial)
        self._tls, self._within = tls, within

    def may_be_asked(self, url: str) -> bool:
        """Whether a webhook's address is one that may be delivered to, as far as it tells itself."""
        return may_be_asked(url) or place_of(url) in self.allowed

    async def send(self, parcel: Parcel, now: float) -> Try:
        """Deliver; raises nothing but a cancellation. `now` (Unix s) is signed with the body."""
        if not self.may_be_asked(parcel.url):
            return Try("refused", FORBIDDEN)
        try:
            async with asyncio.timeout(self._within), self._asked(parcel, int(now)) as answer:
                if not 200 <= answer.status < 300:
                    return Try("failed", f"answers {answer.status}")
                await _emptied(answer)
                return Try("delivered")
        except Refused:
            return Try("refused", FORBIDDEN)
        except (TimeoutError, httpcore.TimeoutException):
            return Try("failed", "does not answer in time")
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError):
            return Try("failed", "cannot be reached, or does not speak HTTP")

    @asynccontextmanager
    async def _asked(self, parcel: Parcel, now: int) -> AsyncIterator[httpcore.Response]:
        body = parcel.body.encode()
        host, port = place_of(parcel.url)
        headers: dict[bytes | str, bytes | str] = {
            "Host": _host(parcel.url, host, port),
            "User-Agent": "CryptoSense",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "CryptoSense-Id": parcel.id,
            "CryptoSense-Signature": signature(parcel.secret, body, now),
            "Connection": "close",
        }
        if self._tls is None and parcel.url.startswith("https:"):
            self._tls = httpx.create_ssl_context()  # takes 20 ms, and is not needed before
        pool = httpcore.AsyncConnectionPool(
            self._tls, max_connections=1, max_keepalive_connections=0, network_backend=self._backend
        )
        async with pool, pool.stream("POST", parcel.url, headers=headers, content=body) as answer:
            yield answer


async def _emptied(answer: httpcore.Response) -> None:
    """Read an answer to its end, or as much as is read of any."""
    read = 0
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        async with asyncio.timeout(READ_WITHIN), aclosing(answer.aiter_stream()) as parts:  # type: ignore[type-var]
            async for part in parts:
                read += len(part)
                if read > READ:
                    return


def _host(url: str, host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[url.partition(":")[0]]
    return named if port == usual else f"{named}:{port}"
