"""Which addresses a webhook may be delivered to: those of the public internet, looked at each time a name is resolved.

A name that was public a moment ago may name 127.0.0.1 the next time (DNS rebinding). So every resolution is checked,
each of its addresses, and the connection is made to the very address that passed: the name is not resolved again. The
name stays in the Host header and in TLS. httpcore is used where httpx is elsewhere since it takes a dialer.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from httpcore import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from forecaster.errors import ConfigurationError

GLOBAL_V6 = ip_network("2000::/3")  # all that is given out; what is mapped, translated or local lies elsewhere
REFUSED = tuple(
    ip_network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3"),  # multicast, reserved, broadcast
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo and other protocols, examples, 6to4
    )
)
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]  # host, port -> addresses
Dial = Callable[[str, int, float | None], Awaitable[AsyncNetworkStream]]  # address, port, seconds -> a connection


class Refused(Exception):
    """A name that leads to where webhooks are not delivered."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; false for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (found.scope_id or found not in GLOBAL_V6):
        return False
    inside = any(found.version == each.version and found in each for each in REFUSED)
    return found.is_global and not found.is_multicast and not inside


def is_address(host: str) -> bool:
    """Whether a host is written as an address."""
    try:
        return isinstance(ip_address(host.strip("[]")), IPv4Address | IPv6Address)
    except ValueError:
        return False


class Allowed:
    """Hosts that the operator lets webhooks reach wherever they are, and without TLS: CRYPTOSENSE_ALERT_HOSTS."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """`entries` are HOST or HOST:PORT. Raises ConfigurationError for what is neither."""
        self._entries = frozenset(_entry(each) for each in entries)

    def __contains__(self, place: tuple[str, int]) -> bool:
        host, port = place
        return (host.lower(), None) in self._entries or (host.lower(), port) in self._entries


def _entry(text: str) -> tuple[str, int | None]:
    host, colon, port = text.strip().lower().rpartition(":")
    if colon and port.isdecimal() and host:
        bare, number = host, int(port)
    else:
        bare, number = text.strip().lower(), None
    bare = bare.removeprefix("[").removesuffix("]")
    if not bare or "/" in bare or "@" in bare or (number is not None and not 0 < number < 65536):
        raise ConfigurationError(
            "CRYPTOSENSE_ALERT_HOSTS holds something that is no host.",
            "Write HOST or HOST:PORT, such as 10.0.0.5:9000.",
        )
    return bare, number


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system knows them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


async def dialed(address: str, port: int, seconds: float | None) -> AsyncNetworkStream:
    """A connection to an address. Raises httpcore's errors."""
    return await AnyIOBackend().connect_tcp(address, port, timeout=seconds)


class CheckedBackend(AsyncNetworkBackend):
    """Resolves, checks and dials for httpcore."""

    def __init__(self, allowed: Allowed, resolve: Resolve = resolved, dial: Dial = dialed) -> None:
        self._allowed, self._resolve, self._dial = allowed, resolve, dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to an address of `host` that was checked. Raises Refused, and httpcore's errors."""
        try:
            addresses = await self._resolve(host.strip("[]"), port)
        except (OSError, UnicodeError) as error:
            raise ConnectError("the name is not known") from error
        if not addresses:
            raise ConnectError("the name has no address")
        if (host, port) not in self._allowed and not all(map(is_public, addresses)):
            raise Refused
        return await self._dial(addresses[0], port, timeout)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
