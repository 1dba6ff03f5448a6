"""Runs the service: uvicorn, which tells the app that it is leaving before it waits for what is still open."""

import asyncio
import gc
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from api import logs
from api.connection import Connection
from api.parts import Part, State
from forecaster.settings import Settings

GRACE = 5  # seconds that requests are given to finish at shutdown
WAITING = 4096  # connections that the system may keep until they are accepted
LET_IN = 32  # of them each time the event loop goes round, so that those inside are not kept waiting
MOST_CONNECTIONS = 4096  # at once; about 7 KB each
OTHER_FILES = 64 + 3 * LET_IN  # that a process may need beside, connections that it is about to close among them
ROUNDS = 5  # of the loop, from a connection's acceptance to its first bytes
SETTLED = (1, 600)  # tenths of a second after everything was ready; by the second, what is built late is built, too


def run(app: FastAPI, listeners: list[socket.socket]) -> None:
    """Serve `app` (of `create_app`) on listening sockets until SIGINT or SIGTERM.

    Whatever was sent before that is answered, within GRACE seconds, while nobody new is let in.
    """
    settings: Settings = app.state.settings
    logs.install(settings.log_format)
    config = uvicorn.Config(
        app,
        http=Connection,
        backlog=LET_IN,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    app.state.most_connections = min(MOST_CONNECTIONS, max(1, _open_files() - OTHER_FILES))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises again the signal that ended it
    with suppress(KeyboardInterrupt):  # is how a server ends
        _Server(config, app).run(sockets=listeners)


def _open_files() -> int:
    """How many files and connections this process may have open."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return MOST_CONNECTIONS + OTHER_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS + OTHER_FILES if soft == resource.RLIM_INFINITY else soft


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._leaving: asyncio.Event = app.state.leaving
        self._parts: Sequence[Part[object]] = app.state.parts
        self._ticks = 0  # since they were all ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(WAITING)  # uvicorn's number is how many are let in each time the loop goes round

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second."""
        if all(part.state is State.READY for part in self._parts):
            self._ticks += 1
            if self._ticks in SETTLED:  # what is there now stays: to look it through for garbage takes 60 ms each time
                gc.collect()
                gc.freeze()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving.set()
        waiting = [connection for listener in sockets or () for connection in _waiting(listener)]
        for server in self.servers:
            server.close()  # at once: whoever came after those would be cut off
        accept = asyncio.get_running_loop().connect_accepted_socket
        await asyncio.gather(*(accept(self._connection, connection) for connection in waiting))
        for _ in range(ROUNDS):  # in which the loop reads what was sent before
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """Connections that the system has made and nobody has accepted. Closing the listener would break them off."""
    with suppress(OSError):  # when there are no more
        while True:
            yield listener.accept()[0]
