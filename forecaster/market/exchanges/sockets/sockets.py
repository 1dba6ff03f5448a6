"""The WebSockets of all exchanges that have one, each opened when somebody wants its prices often."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from forecaster.errors import ExchangeError
from forecaster.market.exchanges.sockets.forms import FORMS
from forecaster.market.exchanges.sockets.socket import Connect, Connection, Heard, Socket
from forecaster.market.symbols import Pair

LARGEST = 64 * 1024  # bytes of a message; an honest one has one or two thousand
FRAMES = 16  # that wait to be read: then the exchange has to wait


class Sockets:
    """The last trade of a pair, where its exchange tells it by itself."""

    def __init__(
        self,
        urls: Mapping[str, str],
        connect: Connect | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`urls` are by the exchange's name; one that is empty or missing has none. `connect` opens a WebSocket."""
        made = {name: (FORMS[name], url) for name, url in urls.items() if url}
        self._forms = {name: form for name, (form, _) in made.items()}
        self._all = {name: Socket(name, form, url, connect or _connect, timer) for name, (form, url) in made.items()}

    def newest(self, exchange: str, symbol: str, pair: Pair, *, wanted: bool) -> Heard | None:
        """The last trade that was told, if it is a few seconds old at most.

        Where it is `wanted`, the exchange is listened to for half a minute from now.
        """
        socket = self._all.get(exchange)
        if socket is None:
            return None
        name = self._forms[exchange].name(symbol, pair)
        if wanted:
            socket.want(name)
        return socket.newest(name)

    def distrust(self, trouble: ExchangeError) -> None:
        """Believe nothing more of what its exchange has told, and hang up for a while."""
        self._all[trouble.exchange].distrust(trouble)

    async def close(self) -> None:
        """Hang up everywhere."""
        for each in self._all.values():
            await each.close()


def _connect(url: str) -> AbstractAsyncContextManager[Connection]:
    from websockets.asyncio.client import connect  # takes a moment, and not everybody needs it

    return connect(
        url,
        open_timeout=5.0,
        close_timeout=1.0,
        ping_interval=10.0,
        ping_timeout=10.0,
        max_size=LARGEST,
        max_queue=FRAMES,
        user_agent_header="CryptoSense/0.1",
    )
