"""Half an hour under mixed load: what becomes of the service's memory, and of the answers.

    python -m benchmarks.half_hour               30 minutes, and docs/half_hour.png
    python -m benchmarks.half_hour --minutes 1   to see that it works

wrk sends what half_hour.lua mixes, to `app.py serve` with imitated exchanges behind it, so that candles are fetched,
the scheduler issues, and the ledger keeps. `make bench` leaves this out.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.client import Connection, get
from benchmarks.figures import table
from benchmarks.half_hour_picture import draw
from benchmarks.processes import ROOT, Server, server, wait_until
from forecaster.market.simulated import simulated
from forecaster.schema import HOUR
from tests.support.exchanges.fake import FakeExchanges

CONNECTIONS = 8
EVERY = 5.0  # seconds between looks
HISTORY, AHEAD = 1000, 48  # hours of simulated candles before now, and after
MIB = 1024 * 1024
COUNTED = re.compile(r'^cryptosense_http_requests_total\{.*status="(\d+)"\} (\S+)$', re.MULTILINE)


class Look(NamedTuple):
    """The service at one moment."""

    minutes: float  # since the load began
    resident: float  # MiB
    answered: int  # requests so far


class Load(NamedTuple):
    """How wrk fared."""

    expected: int  # answers with the status that the request deserved
    unexpected: int
    first: str  # of those
    lost: int  # no answer: connection broken, or not in time
    p50: float  # ms
    p99: float  # ms


def main() -> None:
    """Measure, print and draw."""
    options = _parser().parse_args()
    if shutil.which("wrk") is None:
        sys.exit("The load comes from wrk. Install it with: apt-get install wrk")
    with _service() as service:
        before = _statuses(service.port)  # while it was not ready yet
        looks, load = _watched(service, options.minutes)
        statuses, log = _statuses(service.port) - before, service.log.read_text().splitlines()
    _print(looks, load, statuses, log)
    options.picture.write_bytes(draw([(each.minutes, each.resident, each.answered) for each in looks]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "half_hour.png")
    return parser


@contextmanager
def _service() -> Iterator[Server]:
    """The API alone, asking exchanges that are imitated in this process."""
    now = int(time.time()) // HOUR
    with FakeExchanges(simulated("BTC-USD", now - HISTORY, HISTORY + AHEAD)) as exchanges:
        surroundings = {**exchanges.settings_env(), "CRYPTOSENSE_SOURCE": "live"}
        with server("app.py", "serve", "--port", "0", **surroundings) as service:
            wait_until(service.port, "/readyz")
            yield service


def _watched(service: Server, minutes: float) -> tuple[list[Look], Load]:
    """What was seen every few seconds while wrk was at work."""
    script, address = str(ROOT / "benchmarks" / "half_hour.lua"), f"http://127.0.0.1:{service.port}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{round(60 * minutes)}s", "--timeout", "10s", "-s", script, address]
    begin, looks = time.monotonic(), list[Look]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        while wrk.poll() is None:
            answered = _statuses(service.port).total()
            looks.append(Look((time.monotonic() - begin) / 60, _resident(service.pid), answered))
            time.sleep(EVERY)
        out = wrk.communicate()[0]
    if wrk.returncode:
        raise RuntimeError(f"wrk ended with code {wrk.returncode}:\n{out}")
    return looks, Load(**json.loads(out.splitlines()[-1]))


def _resident(pid: int) -> float:
    """MiB of memory that a process occupies."""
    kilobytes = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert kilobytes
    return int(kilobytes[1]) / 1024


def _statuses(port: int) -> Counter[int]:
    """How many requests were answered with each status, as /metrics has it."""
    with Connection(port) as connection:
        _, text = connection.send(get("/metrics"))
    counted = Counter[int]()
    for status, count in COUNTED.findall(text.decode()):
        counted[int(status)] += round(float(count))
    return counted


def _print(looks: list[Look], load: Load, statuses: Counter[int], log: list[str]) -> None:
    minutes, total = looks[-1].minutes, statuses.total()
    classes = Counter({f"{status // 100}xx": 0 for status in statuses})
    for status, count in statuses.items():
        classes[f"{status // 100}xx"] += count
    half, end = _around(looks, minutes / 2), _around(looks, minutes)
    rows = [
        ("minutes", f"{minutes:.1f}"),
        ("requests answered", f"{total:,}"),
        ("a second", f"{total / minutes / 60:.0f}"),
        *((f"of them {name}", f"{count:,}") for name, count in sorted(classes.items())),
        ("with the status that was deserved", f"{load.expected:,}"),
        ("with another", f"{load.unexpected:,} {load.first}".rstrip()),
        ("without an answer", f"{load.lost:,}"),
        ("p50 / p99 ms", f"{load.p50:.1f} / {load.p99:.1f}"),
        ("MiB after 5 minutes" if minutes > 5 else "MiB at the beginning", f"{_around(looks, min(minutes, 5)):.1f}"),
        ("MiB at half time", f"{half:.1f}"),
        ("MiB at the end", f"{end:.1f}"),
        ("MiB of growth in the second half", f"{end - half:+.1f}"),
        ("lines in its log", f"{len(log):,}"),
    ]
    table(f"app.py serve under mixed load, {CONNECTIONS} connections", ("", "seen"), rows, "\n".join(log[:10]))


def _around(looks: list[Look], minutes: float) -> float:
    """The median of what was occupied in the minute before, in MiB."""
    return median(each.resident for each in looks if minutes - 1 <= each.minutes <= minutes)


if __name__ == "__main__":
    main()
