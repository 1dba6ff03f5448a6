"""A bare HTTP/1.1 client over one socket: what it costs itself is small and is measured too."""

import re
import socket
import time
from types import TracebackType
from typing import Self

LONGEST_WAIT = 60.0  # seconds
LAST_CHUNK = b"0\r\n\r\n"  # in no other place of JSON


class Connection:
    """One kept-alive connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; the answer's status and body."""
        self._socket.sendall(request)
        answer = bytearray()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._received()
        head, body = bytes(answer[:end]), answer[end + 4 :]
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        while len(body) < int(length[1]) if length else not body.endswith(LAST_CHUNK):
            body += self._received()
        return int(head.split(b" ", 2)[1]), bytes(body) if length else _unchunked(body)

    def until_ok(self, path: str) -> None:
        """Ask every 10 ms until the answer is 200."""
        end = time.monotonic() + LONGEST_WAIT
        while self.send(get(path))[0] != 200:
            if time.monotonic() > end:
                raise TimeoutError(f"{path} was not ready within {LONGEST_WAIT:.0f} s")
            time.sleep(0.01)

    def _received(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def _unchunked(body: bytearray) -> bytes:
    """What was sent in chunks, each after its length in hexadecimal."""
    parts, at = [], 0
    while size := int(body[at : (start := body.index(b"\r\n", at))], 16):
        parts.append(bytes(body[start + 2 : start + 2 + size]))
        at = start + 4 + size
    return b"".join(parts)


def get(path: str) -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A POST request with a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body
