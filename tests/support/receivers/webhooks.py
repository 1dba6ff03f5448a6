"""Receivers of webhooks on this machine, good ones and such as misbehave, under names that the tests resolve.

    with certificate() as files: async with Receivers(files) as there:
        there.client(...)     a Receiver that resolves NAME.good.example to a public address, and dials this machine

Names end in how their receivers behave: good, silent, failing, redirecting, rebinding, endless.
"""

import asyncio
import itertools
import json
import ssl
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forecaster.alerts.addresses import Allowed, dialed
from forecaster.alerts.sending import Receiver

PUBLIC = "93.184.215.14"
PORTS = {"good": 1, "silent": 2, "failing": 3, "redirecting": 4, "endless": 5}
WHERE = "http://169.254.169.254/latest/meta-data/"


@contextmanager
def certificate() -> Iterator[Path]:
    """A folder with the key and the certificate of *.KIND.example, made here."""
    names = ",".join(f"DNS:*.{kind}.example" for kind in (*PORTS, "rebinding"))
    with tempfile.TemporaryDirectory() as folder:
        key, pem = Path(folder) / "key.pem", Path(folder) / "cert.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        more = [
            "-keyout",
            key,
            "-out",
            pem,
            "-days",
            "2",
            "-subj",
            "/CN=receivers",
            "-addext",
            f"subjectAltName={names}",
        ]
        subprocess.run([*command, *more], check=True, capture_output=True)
        yield Path(folder)


class Receivers:
    """Servers for each kind of behaviour; what came to each name, in order."""

    def __init__(self, files: Path) -> None:
        self.got: dict[str, list[tuple[dict[str, str], bytes]]] = defaultdict(list)
        self.dialed: list[tuple[str, int]] = []
        self.redirected = 0  # requests to where redirects lead
        self._looked = defaultdict(itertools.count)
        self._ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(files / "cert.pem", files / "key.pem")
        self.trusting = ssl.create_default_context(cafile=files / "cert.pem")

    async def __aenter__(self) -> "Receivers":
        for kind in PORTS:
            server = await asyncio.start_server(self._served, "127.0.0.1", 0, ssl=self._tls, backlog=512)
            self._servers.append(server)
            self._ports[kind] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def client(self, hosts: tuple[str, ...] = (), within: float = 10.0) -> Receiver:
        """What delivers to them."""
        return Receiver(Allowed(hosts), resolve=self.resolve, dial=self.dial, tls=self.trusting, within=within)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Public the first time; of rebinding names private from the second time on. Each kind has its own address."""
        kind = host.split(".")[-2]
        if kind == "rebinding":
            return [PUBLIC if next(self._looked[host]) == 0 else "127.0.0.1"]
        return [f"93.184.215.{100 + PORTS[kind]}"]

    async def dial(self, address: str, port: int, seconds: float | None):
        """This machine in place of the public address."""
        self.dialed.append((address, port))
        if address == PUBLIC:
            return await dialed("127.0.0.1", self._ports["failing"], seconds)
        kind = {100 + number: kind for kind, number in PORTS.items()}[int(address.rpartition(".")[2])]
        return await dialed("127.0.0.1", self._ports[kind], seconds)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(task := asyncio.current_task())
        try:
            await self._answered(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # also where the test is over: who cancels does not want to hear of it
        finally:
            self._talks.discard(task)
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _answered(self, reader, writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        name = headers["host"].partition(":")[0]
        kind = name.split(".")[-2]
        self.got[name].append((headers, body))
        if kind == "silent":
            await asyncio.sleep(3600)
        if kind == "redirecting":
            writer.write(f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {WHERE}\r\nContent-Length: 0\r\n\r\n".encode())
        elif kind in ("failing", "rebinding"):
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        elif kind == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    def sequences(self, name: str) -> list[int]:
        """The numbers of the notices that came to a name, in the order of their first coming."""
        return list(dict.fromkeys(json.loads(body)["sequence"] for _, body in self.got[name]))
