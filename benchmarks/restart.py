"""A service with its chat that starts again over a ledger of 10, 20,000 and 1,000,000 forecasts of BTC and ETH.

    python -m benchmarks.restart                    some minutes, and 2 GB of disk
    python -m benchmarks.restart --forecasts 50000  to see that it works

Exchanges are imitated on this machine. `make bench` leaves this out.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.figures import p50, table
from benchmarks.ledger import fill
from benchmarks.processes import memory, server, wait_until
from forecaster.artifact.loading import load_artifact
from forecaster.schema import FIVE_MINUTES
from forecaster.settings import ROOT
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import NOON, candles_ending

COINS = ("BTC-USD", "ETH-USD")
SIZES = (10, 20_000)
STARTS = 3
ROWS = {
    "ready": "ready, s",
    "forecast": "the first forecast, ms",
    "again": "the next one, ms",
    "record": "the track record, ms",
    "held": "memory, MB at most",
}


class Start(NamedTuple):
    """What one start took."""

    ready: float  # s until everything answers
    forecast: float  # ms: the first, which goes on from what was learned
    again: float  # ms
    record: float  # ms
    held: float  # MB
    anew: bool  # whether a coin's bands began anew


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--forecasts", type=int, default=1_000_000)
    sizes = (*SIZES, parser.parse_args().forecasts)
    model = load_artifact(ROOT / "models" / "quantile").ref
    found: dict[int, Sequence[Start]] = {}
    with FakeExchanges(candles_ending(), NOON + 1) as exchanges, tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            file, each = Path(folder) / f"{size}.db", size // len(COINS)
            fill(file, each, COINS, model, NOON - FIVE_MINUTES * each)
            found[size] = [_start(file, exchanges) for _ in range(STARTS)]
    rows = [
        (text, *(f"{p50([getattr(start, name) for start in found[size]]):.3g}" for size in sizes))
        for name, text in ROWS.items()
    ]
    rows.append(("bands that began anew", *(str(sum(start.anew for start in found[size])) for size in sizes)))
    head = ("", *(f"{size:,} forecasts" for size in sizes))
    table("A start over a ledger", head, rows, f"medians of {STARTS} starts, page and API in one process")


def _start(file: Path, exchanges: FakeExchanges) -> Start:
    settings = exchanges.settings_env() | {
        "CRYPTOSENSE_SOURCE": "live",
        "CRYPTOSENSE_DATABASE_URL": f"sqlite:///{file}",
        "CRYPTOSENSE_QUOTES": "poll",
    }
    begin = time.perf_counter()
    with server("app.py", "--port", "0", **settings) as served:
        wait_until(served.port, "/readyz")
        ready = time.perf_counter() - begin
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
            body = {"symbol": "BTC-USD", "hours": 24}
            forecast, again = (_asked(client, "POST", "/v1/forecast", body) for _ in range(2))
            record = _asked(client, "GET", "/v1/track-record")
        return Start(ready, forecast, again, record, memory(served.pid), "begin anew" in served.log.read_text())


def _asked(client: httpx.Client, method: str, path: str, body: object = None) -> float:
    begin = time.perf_counter()
    client.request(method, path, json=body).raise_for_status()
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
