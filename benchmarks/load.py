"""Many kept-alive connections that ask at once, each again as soon as it is answered: wrk's, or our own without it."""

import json
import selectors
import shutil
import socket
import statistics
import subprocess
import time
from typing import NamedTuple

from benchmarks.client import LONGEST_WAIT, post
from benchmarks.processes import ROOT

WRK = shutil.which("wrk")
TOOL = "wrk" if WRK else "our own client, slower than wrk (apt-get install wrk)"


class Load(NamedTuple):
    """What came of it."""

    answers: int
    seconds: float
    failed: int  # broken connections, and answers that are no 2xx or 3xx
    p50: float  # ms
    p99: float  # ms

    @property
    def speed(self) -> float:
        """Answers a second. Those under way at the end are not counted."""
        return self.answers / self.seconds


def load(port: int, path: str, body: str, connections: int, seconds: int) -> Load:
    """POST `body` to a server on this machine from so many connections for so long."""
    if WRK is None:
        return _asked(port, post(path, body.encode()), connections, seconds)
    script, address = str(ROOT / "benchmarks" / "post.lua"), f"http://127.0.0.1:{port}{path}"
    how = ("-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{LONGEST_WAIT:.0f}s", "-s", script)
    done = subprocess.run([WRK, *how, address, "--", body], stdout=subprocess.PIPE, text=True, check=True)
    return Load(**json.loads(done.stdout.splitlines()[-1]))


class _Asking:
    """One connection, with the answer that is arriving on it."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self.ask()

    def ask(self) -> None:
        self.socket.sendall(self._request)
        self._answer, self._begin = b"", time.perf_counter()

    def received(self) -> tuple[float, bool] | None:
        """Milliseconds that the answer took, and whether it is a good one; None while it is not whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return None
        return 1000 * (time.perf_counter() - self._begin), head.split(b" ", 2)[1] < b"400"


def _asked(port: int, request: bytes, connections: int, seconds: int) -> Load:
    """The same from one thread of this process."""
    times, failed, begin = list[float](), 0, time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            asking = _Asking(port, request)
            selector.register(asking.socket, selectors.EVENT_READ, asking)
        while time.perf_counter() < begin + seconds:
            for key, _ in selector.select(timeout=1):
                if answer := key.data.received():
                    times.append(answer[0])
                    failed += not answer[1]
                    key.data.ask()
        elapsed = time.perf_counter() - begin
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    parts = statistics.quantiles(times, n=100)
    return Load(len(times), elapsed, failed, parts[49], parts[98])
