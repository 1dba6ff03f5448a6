"""Serves an app the way app.py does: uvicorn on one port of this machine, no access log."""

import socket

import uvicorn
from fastapi import FastAPI


def serve(app: FastAPI) -> None:
    """Listen on a free port, print it, and serve until stopped."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])
