"""Who is asking, as far as an address tells: whole enough to count by, short enough to log."""

import ipaddress
from functools import lru_cache

from starlette.types import Scope

NOBODY = "unknown"  # a Unix socket, or a proxy that sends no address
REMEMBERED = 4096  # addresses whose parsing is not repeated


def client_of(scope: Scope) -> str:
    """The address that asks. Behind a proxy that is trusted, the server has put the proxy's client there."""
    client = scope.get("client")
    return client[0] if client else NOBODY


@lru_cache(REMEMBERED)
def counted(host: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, since a household has all of it."""
    return _network(host, 32, 64)


@lru_cache(REMEMBERED)
def anonymised(host: str) -> str:
    """What may be kept in a log: the /24 of an IPv4 address, the /48 of an IPv6 one."""
    return _network(host, 24, 48)


def _network(host: str, bits4: int, bits6: int) -> str:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])  # without an IPv6 zone
    except ValueError:
        return NOBODY
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = bits4 if address.version == 4 else bits6
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False)).removesuffix("/32")
