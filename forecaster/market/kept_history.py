"""What is already there of a history: in the file that an earlier fetch wrote, and in the store."""

from pathlib import Path

import numpy as np

from forecaster.errors import DataFileError, InvalidInput
from forecaster.market.candles import Candles
from forecaster.market.store import CandleStore

COLUMNS = ("time", "open", "high", "low", "close", "volume")


def stored(store: CandleStore, source: str, symbol: str, start: int, step: int) -> Candles:
    """Every candle of an exchange in the store that opens at `start` (Unix s) or later. Raises ConfigurationError."""
    parts = [store.since(source, symbol, start, step)]
    while len(parts[-1]):
        parts.append(store.since(source, symbol, parts[-1].end, step))
    return joined(parts, step)


def written(path: Path, step: int) -> Candles:
    """The candles of a file that `write_candles` wrote; none where there is no file. Raises DataFileError."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not path.exists():
        return Candles.from_rows([], step)
    try:
        table = parquet.read_table(path) if path.name.lower().endswith(".parquet") else csv.read_csv(path)
        time = table["time"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())
        columns = [time.to_numpy(), *(table[name].to_numpy() for name in COLUMNS[1:])]
        return Candles.from_rows(np.column_stack([np.asarray(column, np.float64) for column in columns]), step)
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, InvalidInput) as error:
        raise DataFileError(
            f"{path.name} is not a file of such candles that an earlier fetch wrote.",
            "Name another --out, or fetch without --resume to replace it.",
        ) from error


def merged(first: Candles, second: Candles) -> Candles:
    """The candles of both; where both have one, that of the second."""
    alone = ~np.isin(first.time, second.time)
    table = np.column_stack([np.concatenate(pair) for pair in zip(first.columns(), second.columns(), strict=True)])
    kept = np.concatenate([alone, np.ones(len(second), dtype=bool)])
    return Candles.from_rows(table[kept], second.step)


def joined(parts: list[Candles], step: int) -> Candles:
    """Parts that follow one another as one."""
    columns = zip(*(part.columns() for part in parts), strict=True) if parts else [[np.empty(0)]] * 6
    return Candles.from_rows(np.column_stack([np.concatenate(column) for column in columns]), step)


def missing(kept: Candles, start: int, end: int, longest: int) -> list[tuple[int, int]]:
    """The spans from `start` to `end` (Unix s) that are to be asked for: none shorter than `longest` but the last.

    Shorter holes are taken for times without a trade. The last span begins at the newest candle that is there.
    """
    if len(kept) == 0:
        return [(start, end)]
    opens = np.append(kept.time, end)
    closes = np.append(start, kept.time + kept.step)
    holes = [(int(a), int(b)) for a, b in zip(closes[:-1], opens[:-1], strict=True) if b - a > longest]
    return [*holes, (int(kept.time[-1]), end)]
