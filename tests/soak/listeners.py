"""500 who listen to the stream for an hour, and a crowd of 10,000: python -m pytest -s tests/soak/listeners.py

Another time is said in seconds: LISTENED=300. Says what the listeners cost the service in memory and in time of its
own, which does not depend on what else is at work. The name of this file keeps it out of the usual run, where
tests/api/routes/test_stream.py has short versions.
"""

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from forecaster.schema import HOUR
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import candles_ending
from tests.support.service.load import Service
from tests.support.service.processes import started, until_ready

LISTENERS = 500
SECONDS = float(os.environ.get("LISTENED", 3600))
CROWD, AT_ONCE = 10_000, 50  # connections, and those that are made at once
LET_IN = 20  # of one address
QUERY = "symbols=BTC-USD,ETH-USD,SOL-USD,XRP-USD,BNB-USD,DOGE-USD,ADA-USD"
HEAD = f"GET /v1/stream?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
MOST_MIB, MOST_OF_A_CORE = 50.0, 0.2
Streams = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


@contextmanager
def moving_service(folder: Path, **settings: str) -> Iterator[Service]:
    """The service over exchanges whose prices move every second."""
    this_hour = int(time.time()) // HOUR * HOUR
    with FakeExchanges(candles_ending(this_hour + 7000 * HOUR, hours=8000)) as exchanges:
        kept = {"DATABASE_URL": f"sqlite:///{folder / 'kept.db'}", "SOURCE": "live", "RATE_LIMIT": "off"}
        ours = {f"CRYPTOSENSE_{name}": value for name, value in (kept | settings).items()}
        done = threading.Event()

        def move() -> None:
            number = 0
            while not done.wait(1.0):
                number += 1
                exchanges.moved = 1.0003 + 1e-5 * (number % 20)

        thread = threading.Thread(target=move)
        thread.start()
        try:
            environment = exchanges.settings_env() | ours
            with started("serve", environment=environment, log=folder / "log") as (process, address):
                until_ready(address)
                yield Service(process, address)
        finally:
            done.set()
            thread.join()


def worked(under: Service) -> float:
    """Seconds of processor time that the service has used."""
    fields = Path(f"/proc/{under.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def opened(under: Service, count: int) -> Streams:
    """So many streams, whose heads have been read."""
    found = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", under.port, limit=1024)
        writer.write(HEAD)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        found.append((reader, writer))
    return found


async def counted(reader: asyncio.StreamReader, events: Counter[bytes]) -> None:
    while block := await reader.read(65_536):
        for kind in (b"quote", b"candle", b"forecast"):
            events[kind] += block.count(b"event: " + kind)


async def test_500_listeners_cost_little_memory_and_little_time(tmp_path):
    with moving_service(tmp_path, CLIENT_STREAMS="1000") as under:
        first = await opened(under, 1)
        alone: Counter[bytes] = Counter()
        reading = [asyncio.create_task(counted(first[0][0], alone))]
        await asyncio.sleep(20.0)
        memory = under.memory()
        others = await opened(under, LISTENERS - 1)
        events: Counter[bytes] = Counter()
        reading += [asyncio.create_task(counted(reader, events)) for reader, _ in others]
        await asyncio.sleep(10.0)
        alone.clear()
        events.clear()
        spent, began = worked(under), time.monotonic()
        await asyncio.sleep(SECONDS)
        share = (worked(under) - spent) / (time.monotonic() - began)
        grown = under.memory() - memory
        told = events[b"quote"] / (LISTENERS - 1)
        sys.stdout.write(
            f"\n{LISTENERS} listeners for {SECONDS / 60:.0f} minutes: {grown:+.1f} MiB over one, {under.memory():.0f} "
            f"in all, {100 * share:.1f} % of a core; {told:.0f} quotes each, {events[b'candle'] / (LISTENERS - 1):.0f} "
            f"candles, {told / (time.monotonic() - began):.2f} quotes a second\n"
        )
        assert not any(each.done() for each in reading)
        assert abs(told - alone[b"quote"]) <= 0.02 * told + 14  # nobody was told less than another
        for each in reading:
            each.cancel()
        for _, writer in (*first, *others):
            writer.close()
        assert grown < MOST_MIB
        assert share < MOST_OF_A_CORE


async def asked(under: Service, held: list[asyncio.StreamWriter]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", under.port)
    writer.write(HEAD)
    line = await reader.readline()
    if b" 200 " in line:
        held.append(writer)
    else:
        assert b"retry-after" in (await reader.readuntil(b"\r\n\r\n")).lower()
        writer.close()
    return line.split()[1]


async def test_of_10000_connections_some_are_let_in_and_the_others_told_to_come_later(tmp_path):
    with moving_service(tmp_path, CLIENT_STREAMS=str(LET_IN)) as under:
        listening, events = await opened(under, LET_IN - 10), Counter[bytes]()
        reading = [asyncio.create_task(counted(reader, events)) for reader, _ in listening]
        await asyncio.sleep(10.0)
        memory = under.memory()
        statuses: Counter[bytes] = Counter()
        held: list[asyncio.StreamWriter] = []
        for _ in range(CROWD // AT_ONCE):
            statuses.update(await asyncio.gather(*(asked(under, held) for _ in range(AT_ONCE))))
        events.clear()
        await asyncio.sleep(10.0)
        grown = under.memory() - memory
        sys.stdout.write(
            f"\n{CROWD} connections: {dict(statuses)}, {grown:+.1f} MiB, {events[b'quote']} quotes since\n"
        )
        assert statuses[b"200"] == 10
        assert not statuses.keys() - {b"200", b"429", b"503"}
        assert events[b"quote"] > len(listening)
        assert not any(each.done() for each in reading)
        async with httpx.AsyncClient(base_url=under.address, timeout=60) as client:
            assert (await client.get("/healthz")).status_code == 200
        for each in (*reading,):
            each.cancel()
        for writer in (*held, *(writer for _, writer in listening)):
            writer.close()
