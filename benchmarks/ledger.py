"""A ledger of 1,000,000 forecasts beside one of 10,000: its track record, a start, and what an hour's candles settle.

    python -m benchmarks.ledger                    on SQLite and PostgreSQL, some minutes and 2 GB of disk for each
    python -m benchmarks.ledger --forecasts 50000  to see that it works

Fourteen coins are forecast every five minutes, and nothing is folded: so many rows are more than a month leaves. The
PostgreSQL is the tests' own. `make bench` leaves this out.
"""

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.figures import p50, table, timed
from forecaster.calibration import Tracker
from forecaster.ledger import Ledger
from forecaster.ledger.settlement import DAY
from forecaster.market import Candles
from forecaster.schema import FIVE_MINUTES, ModelRef
from tests.support.fakes import NOON
from tests.support.ledger.issued import MODEL, packed
from tests.support.ledger.postgres import postgres

COINS = [f"C{number:02}-USD" for number in range(14)]
SOURCE, SMALL, BODIES, HOURS = "bitstamp", 10_000, 64, 5
GOALS = {"record": "100", "record_of_one": "", "start": "100", "start_of_all": "", "hour": "1000"}
COLUMNS = {
    "forecasts": "id, symbol, source, input, model_name, model_version, model_sha256, as_of, issued_at, last_close, "
    "horizons, body, short, packed",
    "closes": "symbol, source, time, close",
    "grades": "symbol, model_sha256, day, source, model_name, model_version, newest, folded, sums, misses, crps",
    "widths": "symbol, source, model_sha256, as_of, body",
}


class Times(NamedTuple):
    """Milliseconds."""

    record: float  # of all coins and horizons
    record_of_one: float
    start: float  # opened, and what one coin's bands go on from
    start_of_all: float
    hour: float  # settled, of all coins


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--forecasts", type=int, default=1_000_000)
    count = parser.parse_args().forecasts
    with tempfile.TemporaryDirectory() as folder:
        files = {size: Path(folder) / f"{size}.db" for size in (SMALL, count)}
        for size, file in files.items():
            fill(file, size // len(COINS))
        note = (
            f"medians; {len(COINS)} coins; {files[count].stat().st_size / count:.0f} bytes of SQLite's file a forecast"
        )
        _print("SQLite", {size: f"sqlite:///{file}" for size, file in files.items()}, note)
        with postgres() as server:
            urls = {size: server.new_database() for size in files}
            for size, file in files.items():
                _copy(file, urls[size])
            _print("PostgreSQL", urls, "medians")


def _print(kind: str, urls: dict[int, str], note: str) -> None:
    """What both ledgers take."""
    small, large = (_measured(url, size // len(COINS)) for size, url in urls.items())
    rows = [
        (
            name.replace("_", " "),
            f"{getattr(large, name):.1f}",
            f"{getattr(large, name) / getattr(small, name):.1f}",
            goal,
        )
        for name, goal in GOALS.items()
    ]
    table(f"{kind}: a ledger of {max(urls):,} forecasts", ("", "ms", f"x that of {SMALL:,}", "goal"), rows, note)


def _closes(marks: int) -> np.ndarray:
    """Closes (coins, marks) by the five minutes."""
    steps = np.random.default_rng(1).normal(0, 0.001, (len(COINS), marks))
    return np.asarray(100.0 * np.exp(np.cumsum(steps, axis=1)))


def fill(file: Path, each: int, coins: Sequence[str] = COINS, model: ModelRef = MODEL, start: int = NOON) -> None:
    """`each` forecasts of each coin, every five minutes from `start` (Unix s); all are graded but the last hours'."""
    ledger = Ledger(f"sqlite:///{file}")
    ledger.page()
    closes, bodies = _closes(each), [packed(drift=0.0002 * (at - BODIES / 2)) for at in range(BODIES)]
    connection = sqlite3.connect(file)
    known = max(0, each - 12 * HOURS)
    for coin, symbol in enumerate(coins):
        forecasts = (
            (
                f"fc_{coin:04x}{mark:016x}",
                symbol,
                SOURCE,
                "full",
                *(model.name, model.version, model.sha256),
                start + FIVE_MINUTES * mark,
                start + FIVE_MINUTES * mark + 5,
                float(closes[coin, mark]),
                27,
                "",
                3,
                bodies[mark % BODIES],
            )
            for mark in range(each)
        )
        connection.executemany(f"INSERT INTO forecasts ({COLUMNS['forecasts']}) VALUES ({'?,' * 13}?)", forecasts)
        told = ((symbol, SOURCE, start + FIVE_MINUTES * mark, float(closes[coin, mark])) for mark in range(known))
        connection.executemany("INSERT INTO closes VALUES (?, ?, ?, ?)", told)
    connection.commit()
    connection.close()
    first, last = start // DAY, (start + FIVE_MINUTES * each) // DAY
    for symbol in coins:
        for day in range(max(last - 3, first), last + 1):
            ledger.regrade(symbol, SOURCE, day)
    connection = sqlite3.connect(file)  # a day's grades are as large as another's, so those of one stand for older ones
    columns = "symbol, model_sha256, ?, source, model_name, model_version, ?, 0, sums, misses, crps"
    for day in range(first, last - 3):
        moments = (day, DAY * (day + 1) - FIVE_MINUTES, last - 2)
        connection.execute(f"INSERT INTO grades SELECT {columns} FROM grades WHERE day = ?", moments)
    taught = start + FIVE_MINUTES * each - 11 * DAY
    body = json.dumps({"full": Tracker().width.tolist()})
    connection.executemany(
        "INSERT INTO widths VALUES (?, ?, ?, ?, ?)", [(symbol, SOURCE, model.sha256, taught, body) for symbol in coins]
    )
    connection.commit()
    connection.close()
    ledger.close()


def _copy(file: Path, url: str) -> None:
    """The same rows in PostgreSQL."""
    import psycopg

    ledger = Ledger(url)
    ledger.page()
    ledger.close()
    read = sqlite3.connect(file)
    with psycopg.connect(url) as connection:
        for name, columns in COLUMNS.items():
            with connection.cursor().copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
                for row in read.execute(f"SELECT {columns} FROM {name}"):
                    values = list(row)
                    if name == "grades":
                        values[7] = bool(values[7])
                    copy.write_row(values)
        connection.execute("ANALYZE")
    read.close()


def _measured(url: str, each: int) -> Times:
    """What a new process does first, and then every hour."""
    with _opened(url) as ledger:
        record = p50([timed(ledger.track_record) for _ in range(5)])
        one = p50([timed(lambda: ledger.track_record(COINS[3])) for _ in range(5)])
    start = p50([timed(lambda: _started(url, COINS[3:4])) for _ in range(5)])
    all_ = p50([timed(lambda: _started(url, COINS)) for _ in range(3)])
    return Times(record, one, start, all_, p50(list(_hours(url, each))))


def _started(url: str, symbols: list[str]) -> None:
    with _opened(url) as ledger:
        for symbol in symbols:
            while ledger.fold(symbol, SOURCE, MODEL.sha256, {"full": Tracker()}):
                pass
            ledger.past(symbol, SOURCE, MODEL.sha256)


def _hours(url: str, each: int) -> Iterator[float]:
    """Milliseconds for each of the hours that are not settled yet."""
    closes = _closes(each)
    with _opened(url) as ledger:
        for hour in range(HOURS, 0, -1):
            marks = each - 12 * (hour - 1)

            def settle(marks: int = marks) -> None:
                for symbol, _, since in ledger.open(NOON + FIVE_MINUTES * (marks - 1)):
                    first = (since - NOON) // FIVE_MINUTES + 1
                    rows = [
                        (NOON + FIVE_MINUTES * (mark - 1), *(4 * (float(closes[COINS.index(symbol), mark]),)), 1.0)
                        for mark in range(first, marks)
                    ]
                    assert ledger.settle(symbol, SOURCE, Candles.from_rows(rows, FIVE_MINUTES))

            yield timed(settle)


@contextmanager
def _opened(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url, days=100_000)
    yield ledger
    ledger.close()


if __name__ == "__main__":
    main()
