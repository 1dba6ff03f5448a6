"""Runs the service: uvicorn, which tells the app that it is leaving before it waits for what is still open."""

import asyncio
import errno
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import logs
from api.errors import problem
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings

GRACE = 5  # seconds that requests are given to finish at shutdown


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        why = {errno.EADDRINUSE: "is in use by another program", errno.EACCES: "may not be used by this user"}
        raise ConfigurationError(
            f"Port {port} of {host} {why.get(error.errno or 0, 'cannot be listened on')}.",
            "Choose another with --port or CRYPTOSENSE_PORT, or another address with --host.",
        ) from error
    # Connections inherit it. Without, an answer's body waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    name = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serve `app` (of `create_app`) on a listening socket until SIGINT or SIGTERM.

    Requests that are being answered then have GRACE seconds to finish, while nobody new is let in.
    """
    settings: Settings = app.state.settings
    logs.install(settings.log_format)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    with suppress(KeyboardInterrupt):  # is how a server ends
        _Server(config, app.state.leaving).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, leaving: asyncio.Event) -> None:
        super().__init__(config)
        self._leaving = leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving.set()
        await super().shutdown(sockets)


class _Protocol(H11Protocol):
    """HTTP/1.1 whose answer to what is not HTTP is a problem like any other."""

    def send_400_response(self, msg: str) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            answer = problem(400, headers={"Connection": "close", "X-Content-Type-Options": "nosniff"})
            head = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n%b\r\n%b" % (head, bytes(answer.body)))
        self.transport.close()
