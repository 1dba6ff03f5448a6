"""10,000 deliveries of alerts to receivers on this machine, a third of which misbehave.

    python -m benchmarks.alert_deliveries                     some minutes
    python -m benchmarks.alert_deliveries --deliveries 500    to see that it works

A third never answers, answers 500, redirects to 169.254.169.254, resolves to a private address at the second look, or
sends a body without end. The whole way is taken: database, queue, TLS, signature; names are resolved to public
addresses and dialed on this machine. `make bench` leaves this out.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import table
from forecaster.alerts.alerts import Asked, Wanted
from forecaster.alerts.courier import Courier, Pace
from forecaster.alerts.desk import Desk
from forecaster.alerts.queue import Queue
from forecaster.alerts.store import Limits, Store
from tests.support.receivers.webhooks import Receivers, certificate

BAD = ("silent", "failing", "redirecting", "rebinding", "endless")
EACH = 10  # deliveries of an alert
ALERTS_OF_RECEIVER = 3
PATIENCE = 1800  # seconds


class Outcome(NamedTuple):
    """What became of it."""

    good: int  # deliveries to good receivers
    came: int  # of them that came at least once
    in_order: bool
    twice: int  # that came more than once
    seconds: float  # until the last good one came
    tries: dict[str, int]  # at misbehaving ones, by kind
    memory: float  # MB that the process grew by at most


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=10_000)
    count = parser.parse_args().deliveries
    with tempfile.TemporaryDirectory() as folder, certificate() as files:
        found = asyncio.run(deliver(Path(folder), files, count))
    rows = [
        ("deliveries to good receivers", f"{found.good:,}"),
        ("came at least once", f"{found.came:,}"),
        ("in order for each alert", "yes" if found.in_order else "no"),
        ("came twice", f"{found.twice:,}"),
        ("seconds until the last good one", f"{found.seconds:.1f}"),
        ("a second", f"{found.good / found.seconds:.0f}"),
        *((f"tries at {kind} receivers", f"{tries:,}") for kind, tries in found.tries.items()),
        ("memory that grew, MB", f"{found.memory:.0f}"),
    ]
    table(f"{count:,} deliveries, a third of the receivers misbehaves", ("", ""), rows, "this machine, SQLite")


async def deliver(folder: Path, files: Path, count: int, within: float = 10.0) -> Outcome:
    """Queue so many, and deliver until the good receivers have all of theirs; a try takes `within` seconds at most."""
    desk = Desk(Store(f"sqlite:///{folder / 'alerts.db'}", limits=Limits(count, count, count, 2 * count)))
    alerts = await asyncio.to_thread(_queued, desk.store, count)
    async with Receivers(files) as there:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client = there.client(within=within)
        courier = Courier(desk, Queue(desk.store, "benchmark"), client.send, pace=Pace())
        working = asyncio.create_task(courier.run())
        wanted = {_host(each) for each in alerts if _kind(each) == "good"}
        expected = sum(EACH for each in alerts if _kind(each) == "good")
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            while sum(len({headers["cryptosense-id"] for headers, _ in there.got[name]}) for name in wanted) < expected:
                await asyncio.sleep(0.2)
        seconds = time.perf_counter() - began
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        found = _outcome(there, alerts, expected, seconds, before)
    await desk.close()
    return found


def _queued(store: Store, count: int) -> list[Asked]:
    alerts = []
    for number in range(count // EACH):
        receiver = number // ALERTS_OF_RECEIVER
        kind = BAD[receiver // 3 % len(BAD)] if receiver % 3 == 2 else "good"
        url = f"https://r{receiver}.{kind}.example/hooks/{number}"
        wanted = Wanted(symbol="BTC-USD", condition={"kind": "price", "above": 1.0}, webhook=url)
        asked = store.add("benchmark", wanted, time.time()).asked
        for sequence in range(1, EACH + 1):
            standing = asked.standing.model_copy(update={"version": sequence})
            told = f"ev_{number}_{sequence}", f'{{"alert_id": "{asked.id}", "sequence": {sequence}}}'
            assert store.change(asked, standing, told, time.time())
            asked = asked.model_copy(update={"standing": standing})
        alerts.append(asked)
    return alerts


def _outcome(there: Receivers, alerts: Sequence[Asked], expected: int, seconds: float, before: int) -> Outcome:
    came: dict[str, list[int]] = {}
    twice, tries = 0, Counter(dict.fromkeys(BAD, 0))
    for name, got in there.got.items():
        kind = name.split(".")[-2]
        if kind != "good":
            tries[kind] += len(got)
            continue
        ids = [headers["cryptosense-id"] for headers, _ in got]
        twice += len(ids) - len(set(ids))
        for id_ in dict.fromkeys(ids):
            _, number, sequence = id_.split("_")
            came.setdefault(number, []).append(int(sequence))
    return Outcome(
        good=expected,
        came=sum(map(len, came.values())),
        in_order=all(each == sorted(each) for each in came.values()),
        twice=twice,
        seconds=seconds,
        tries=dict(tries),
        memory=(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    )


def _host(asked: Asked) -> str:
    return (asked.wanted.webhook or "").split("/")[2]


def _kind(asked: Asked) -> str:
    return _host(asked).split(".")[-2]


if __name__ == "__main__":
    main()
