"""Clients' connections: the sockets they come to, what is refused before it is read, and how long each may take."""

from api.connections.connection import Connection
from api.connections.connections import Attended, Connections
from api.connections.request_heads import HEAD_BYTES
from api.connections.sockets import address, listen

__all__ = [
    "HEAD_BYTES",
    "Attended",
    "Connection",
    "Connections",
    "address",
    "listen",
]
