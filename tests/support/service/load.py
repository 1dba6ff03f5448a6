"""The service under load: ten times what it can answer, clients that hang up, and a signal to end in the middle of it.

tests/api/test_load.py has short trials, tests/soak/load.py long ones.
"""

import json
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from api.routes.predict import EXAMPLE_PRICES
from tests.support.service.crowd import Plan, Seen, crowd, offered
from tests.support.service.processes import PATIENCE, Process, started, stopped, until_ready
from tests.support.service.v1 import question

MIB = 1024 * 1024
TIMES = 10  # what is offered, over what can be answered
FEW = 4  # connections that keep the service busy and do not wait for long
RECOVERY = 3.0  # seconds; five were promised
MANY = 500  # connections that an overload may use
PROBES = 100  # questions a second
ANSWERS = {"200", "429", "503"}  # of a service that is asked too much
SERIES = re.compile(r'cryptosense_http_requests_total\{.*status="(\d+)"\} (\S+)')
BODIES = {"/predict": json.dumps({"prices": EXAMPLE_PRICES}), "/v1/forecast": json.dumps(question())}
HANG_UPS = 0.1  # share of the clients


@dataclass(frozen=True)
class Service:
    """``app.py serve`` with simulated candles, a database of its own and no rate limit."""

    process: Process
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def memory(self) -> float:
        """Resident memory, in MiB."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", told)
        return int(kilobytes) / 1024

    def statuses(self) -> Counter[str]:
        """How many requests it says that it has answered with each status."""
        told: Counter[str] = Counter()
        for status, count in SERIES.findall(httpx.get(f"{self.address}/metrics", timeout=PATIENCE).text):
            told[status] += int(float(count))
        return told


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """One that is ready."""
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("CRYPTOSENSE_DATABASE_URL", f"sqlite:///{folder / 'load.db'}")
        surroundings.setenv("CRYPTOSENSE_RATE_LIMIT", "off")
        with started("--source", "demo", "serve") as (process, address):
            until_ready(address)
            yield Service(process, address)


@dataclass(frozen=True)
class Overload:
    """What clients saw in turn."""

    idle: Seen  # one client, one question at a time
    sustained: Seen  # a few, each asking again once it is answered
    flood: Seen
    amid: Seen  # a few more questions a second, meanwhile, from a process that is not busy itself
    after: Seen  # as `sustained`, RECOVERY seconds later


def overload(under: Service, seconds: float, measuring: float) -> Overload:
    """Offer TIMES the rate that can be sustained, measured for so many seconds, whatever comes of it."""
    few = Plan(under.port, BODIES, FEW, seconds=measuring)
    offered(few)  # the first answers warm up
    idle = offered(replace(few, connections=1, service=under.process.pid))
    sustained = offered(few)
    ten_times = replace(few, connections=MANY, seconds=seconds, rate=TIMES * sustained.rate, fresh=0.01)
    with crowd(ten_times) as flooded:
        amid = offered(replace(ten_times, rate=PROBES, seed=2, service=under.process.pid))
        flood = flooded()
    time.sleep(RECOVERY)
    return Overload(idle, sustained, flood, amid, offered(few))


def hang_ups(under: Service, count: int) -> tuple[Seen, float]:
    """What clients see of `count` questions, and by how many MiB memory grew in their second half."""
    plan = Plan(under.port, BODIES, FEW, count=count // 2, hang_up=HANG_UPS)
    first, before = offered(plan), under.memory()
    second = offered(Plan(under.port, BODIES, FEW, count=count - count // 2, hang_up=HANG_UPS, seed=2))
    for name in ("torn", "refused", "hung_up"):
        setattr(second, name, getattr(first, name) + getattr(second, name))
    second.statuses += first.statuses
    second.lost += first.lost
    return second, under.memory() - before


@dataclass(frozen=True)
class End:
    """How a service ended that was asked to while it was busy."""

    code: int
    log: str
    seconds: float
    signalled: float  # CLOCK_MONOTONIC
    seen: Seen

    @property
    def lost(self) -> int:
        """Questions without an answer that had been sent when the signal was."""
        return sum(sent < self.signalled for sent in self.seen.lost)


def ended(under: Service, seed: int) -> End:
    """Send SIGTERM at a random moment of a load, which is an overload every other time."""
    clients = 128 if seed % 2 else 16
    with crowd(Plan(under.port, BODIES, clients, seconds=PATIENCE, fresh=0.3, seed=seed)) as seen:
        time.sleep(0.5 + random.Random(seed).random())
        signalled = time.monotonic()
        code, _, log = stopped(under.process, signal.SIGTERM)
        took = time.monotonic() - signalled
        return End(code, log, took, signalled, seen())
