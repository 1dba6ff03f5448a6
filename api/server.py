"""Runs the service: uvicorn, which tells the app that it is leaving before it waits for what is still open."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from api.background import Part, State
from api.connections import HEAD_BYTES, Attended, Connection, Connections
from api.middleware import logs
from forecaster.settings import Settings

GRACE = 5  # seconds that requests are given to finish at shutdown
WAITING = 4096  # connections that the system may keep until they are accepted
PAUSE = 1.0  # seconds without accepting any when the system has no files or memory left for them
LET_IN = 32  # of them each time the event loop goes round, so that those inside are not kept waiting
MOST_CONNECTIONS = 4096  # at once; about 7 KB each
OTHER_FILES = 64 + 3 * LET_IN  # that a process may need beside, connections that it is about to close among them
NEVER = (
    24 * 3600
)  # seconds until uvicorn's own timer ends an unused connection; api/connections/connection.py does so earlier
ROUNDS = 5  # of the loop, from a connection's acceptance to its first bytes
SETTLED = (1, 600)  # tenths of a second after everything was ready; by the second, what is built late is built, too


def run(app: FastAPI, listeners: list[socket.socket]) -> None:
    """Serve `app` (of `create_app`) on listening sockets until SIGINT or SIGTERM.

    Whatever was sent before that is answered, within GRACE seconds, while nobody new is let in. uvloop and httptools
    are used where they are installed, asyncio and h11 where not.
    """
    settings: Settings = app.state.settings
    logs.install(settings.log_format)
    most = min(MOST_CONNECTIONS, max(1, _open_files() - OTHER_FILES))
    connections = Connections(AutoHTTPProtocol, app.state.line, lambda: app.state.metrics.refused("overload"), most)
    config = uvicorn.Config(
        Attended(app),
        loop="auto" if sys.platform != "win32" else "asyncio:SelectorEventLoop",
        http=cast(type[asyncio.Protocol], connections),  # which is called as a class would be
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=NEVER,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=False,  # api/middleware/proxies.py does that, and more
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises again the signal that ended it
    with suppress(KeyboardInterrupt):  # is how a server ends
        _Server(config, app, connections).run(sockets=listeners)


def _open_files() -> int:
    """How many files and connections this process may have open."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return MOST_CONNECTIONS + OTHER_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS + OTHER_FILES if soft == resource.RLIM_INFINITY else soft


class _Server(uvicorn.Server):
    """Lets clients in by itself: uvloop would let in one each time it goes round, and the others would queue unseen."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections
        self._leaving: asyncio.Event = app.state.leaving
        self._parts: Sequence[Part[object]] = app.state.parts
        self._ticks = 0  # since they were all ready
        self._entering: set[asyncio.Task[object]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        self._loop = asyncio.get_running_loop()
        for listener in sockets or ():
            listener.setblocking(False)
            self._loop.add_reader(listener, self._let_in, listener)

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
        for listener in sockets or ():
            self._loop.remove_reader(listener)
            self._let_in(listener, most=WAITING)  # to close the listener would break off who waits
            listener.close()  # at once: whoever came after those would be cut off
        await asyncio.gather(*self._entering)
        for _ in range(ROUNDS):  # in which the loop reads what was sent before
            await asyncio.sleep(0)
        await super().shutdown([])

    def _let_in(self, listener: socket.socket, most: int = LET_IN) -> None:
        """Accept connections that the system has made."""
        for _ in range(most):
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):  # there are no more, or this one is gone again
                return
            except OSError:  # out of files or memory
                self._loop.remove_reader(listener)
                self._loop.call_later(PAUSE, self._listen_again, listener)
                return
            task = self._loop.create_task(self._loop.connect_accepted_socket(self._connection, connection))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    def _listen_again(self, listener: socket.socket) -> None:
        if not self._leaving.is_set():
            self._loop.add_reader(listener, self._let_in, listener)

    def _connection(self) -> Connection:
        state = self.lifespan.state
        return self._connections(config=self.config, server_state=self.server_state, app_state=state)
