"""Connections to a Valkey or Redis, in which several replicas keep for a while what all of them need to know."""

import re
from typing import TYPE_CHECKING

from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from valkey.asyncio import BlockingConnectionPool

CONNECTIONS = 16  # of one pool
URL = re.compile(r"valkey(s?://[^/?]*[^/?@]:\d{1,5}|\+unix:///[^/?])", re.ASCII)  # how one begins


def valkey_pool(url: str, patience: float) -> "BlockingConnectionPool":
    """Connections to `url`, such as valkey://host:6379/0, of which none is opened yet; each step waits `patience` s.

    Raises ConfigurationError for what is no such URL, and where the client is not installed.
    """
    waits = {"timeout": patience, "socket_timeout": patience, "socket_connect_timeout": patience}
    plain = url.replace("valkey+unix://", "unix://")
    try:
        if not URL.match(url):
            raise ValueError("not the URL of a Valkey")
        from valkey.asyncio import BlockingConnectionPool

        return BlockingConnectionPool.from_url(plain, max_connections=CONNECTIONS, **waits)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            "CRYPTOSENSE_VALKEY_URL does not name a Valkey that could be used.",
            "Write it like valkey://host:6379/0, and install the extra: pip install cryptosense[valkey].",
        ) from error
