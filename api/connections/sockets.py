"""The sockets that the service listens on, and the address under which a browser finds them."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from forecaster.errors import ConfigurationError

EVERY_IPV4, EVERY_IPV6 = "0.0.0.0", "::"
THIS_MACHINE = {"127.0.0.1", "::1"}
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # this machine has no such address, or none of its kind
WHY = {errno.EADDRINUSE: "is in use by another program", errno.EACCES: "may not be used by this user"}
TRIES = 10  # to find a port that is free at every address

Place = tuple[socket.AddressFamily, str, tuple[int, ...]]  # an address, with what else IPv6 wants told beside the port


@contextmanager
def listen(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Sockets that listen at every address of `host`; port 0 is any free one. Raises ConfigurationError.

    `::` is all of IPv4, too. Each address has a socket of its own: through one for both, a client would come under
    another form of its IPv4 address than the one that TRUSTED_PROXIES names.
    """
    with ExitStack() as opened:
        yield _opened(_places(host), host, port, opened)


def address(listeners: list[socket.socket]) -> str:
    """Where a browser on this machine finds the server."""
    hosts = [each.getsockname()[0] for each in listeners]
    port = listeners[0].getsockname()[1]
    if EVERY_IPV4 in hosts or set(hosts) >= THIS_MACHINE:
        return f"http://localhost:{port}"
    host = "::1" if hosts[0] == EVERY_IPV6 else hosts[0].replace("%", "%25")  # as a zone is written in an address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _places(host: str) -> list[Place]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:  # ValueError: what can be no name at all
        raise _nowhere(host) from error
    places: list[Place] = [(family, str(place[0]), tuple(map(int, place[2:]))) for family, *_, place in found]
    if any(name == EVERY_IPV6 for _, name, _ in places):
        places.append((socket.AF_INET, EVERY_IPV4, ()))
    return list(dict.fromkeys(places))


def _opened(places: list[Place], host: str, port: int, opened: ExitStack, tries: int = TRIES) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    for family, name, zone in places:
        wanted = listeners[0].getsockname()[1] if listeners else port
        try:
            listener = opened.enter_context(socket.create_server((name, wanted, *zone), family=family))
        except OSError as error:
            if error.errno in ABSENT:  # such as the ::1 of localhost where there is no IPv6
                continue
            if error.errno == errno.EADDRINUSE and wanted != port and tries:
                opened.close()
                return _opened(places, host, port, opened, tries - 1)
            raise ConfigurationError(
                f"Port {wanted} of {name} {WHY.get(error.errno or 0, 'cannot be listened on')}.",
                "Choose another with --port or CRYPTOSENSE_PORT, or another address with --host.",
            ) from error
        # Connections inherit it. Without, an answer's body waits 40 ms for the acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listeners.append(listener)
    if not listeners:
        raise _nowhere(host)
    return listeners


def _nowhere(host: str) -> ConfigurationError:
    return ConfigurationError(
        f"{host[:60]!r} is no address or name of this machine.",
        "Set --host or CRYPTOSENSE_HOST to 127.0.0.1 for this machine alone, to 0.0.0.0 for all of IPv4, or to :: "
        "for IPv6 as well.",
    )
