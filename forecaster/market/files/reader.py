"""Candle files read as candles of hours or less: what they hold, what had to be repaired, and what is not known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecaster.errors import DataFileError, UnsupportedSymbol
from forecaster.market.candles import STEPS, Candles
from forecaster.market.files.joined import Joined, files_of
from forecaster.market.files.rows import EXPECTED, OutOfOrder, ReadAgain, Reading, Table
from forecaster.market.files.steps import in_units
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from forecaster.market.files.resample import Resampler

MOST_GAPS = 10  # longest gaps named


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive hours, or shorter candles, without a trade."""

    start: int  # opening of the first, Unix seconds
    count: int


@dataclass(frozen=True, slots=True)
class CandleFile:
    """What candle files hold. ``candles.filled()`` gives every candle, with those without a trade filled."""

    candles: Candles  # those that had a trade, of hours unless finer ones were asked for
    missing: int  # candles without a trade between the first and the last
    gaps: tuple[Gap, ...]  # the longest of them, longest first
    rows: int  # rows read
    untraded: int  # of these, rows without prices
    spacing: float  # usual seconds between rows: 60 in a file of minutes
    name: str  # the file's, or the first one's and how many more
    layout: str  # such as "CSV, Kraken's OHLCVT"
    zone: str  # of the times in it
    symbol: str | None  # the service's name of the coin, "SOL-USD"; None where nothing tells it
    quote: str  # the currency of its prices
    has_volume: bool  # where not, the volume of each candle is 0 and means nothing
    closes_only: bool  # there is one price an hour, which stands for open, high, low and close
    repairs: tuple[str, ...]  # what was mended, with how many rows
    notes: tuple[str, ...]  # what whoever uses the candles has to know

    def known_symbol(self, offered: tuple[str, ...] = ()) -> str:
        """The coin. Raises DataFileError where nothing tells it, UnsupportedSymbol where it is not `offered`."""
        from forecaster.market.files.coin import unnamed

        if self.symbol is None:
            raise unnamed(self.name)
        if offered and self.symbol not in offered:
            raise UnsupportedSymbol(self.symbol, offered)
        return self.symbol


def read_candles(
    named: Path | str | Iterable[Path | str], reading: Reading | None = None, step: int = HOUR
) -> CandleFile:
    """Read files, patterns and archives, hourly or finer, into candles of `step` seconds by opening time in UTC.

    Several files are joined in order of time. Memory stays bounded by the candles, not by the rows. Equal repeated rows
    are merged, shuffled ones sorted, seconds of jitter and stray rows mended and counted, and a forming last candle is
    left out. Raises DataFileError naming the line (of a text, from 1) or row when a file is missing, empty, damaged,
    lacks a column, is ambiguous in what `reading` does not say, or holds a row that is not a plausible candle or
    contradicts another; and ConfigurationError for a zone that does not exist.
    """
    from forecaster.market.files.coin import identify
    from forecaster.market.files.tables import open_tables

    reading = reading or Reading()
    tables = [table for path in files_of(named) for table in open_tables(path, reading)]
    joined = Joined(tables)
    rows, candles = _resampled(joined, step)
    if rows.spacing > step:
        raise DataFileError(
            f"{joined.name} has rows {in_units(rows.spacing)} apart.",
            f"Get {'hourly candles' if step == HOUR else f'candles of {STEPS[step]}'} or finer ones. {EXPECTED}",
        )
    told = sorted({name for table in tables for name in table.told.symbols or ()})
    if rows.rows == 0 and told and reading.symbol:
        raise DataFileError(f"{joined.name} holds {', '.join(told[:5])}, not {reading.symbol}.", "Pick one of them.")
    if len(candles) == 0:
        raise DataFileError(f"{joined.name} holds no complete {STEPS[step]} ({rows.rows} rows were read).", EXPECTED)
    coin, coin_notes = identify(tables, reading.symbol, candles)
    missing, gaps = _gaps(candles)
    return CandleFile(
        candles,
        missing,
        gaps,
        rows.rows,
        rows.untraded,
        rows.spacing,
        joined.name,
        layout="; ".join(dict.fromkeys(table.told.layout for table in tables)),
        zone="; ".join(dict.fromkeys(table.told.zone for table in tables)),
        symbol=coin.symbol if coin else None,
        quote=(coin.quote if coin else None) or "USD",
        has_volume=rows.volume,
        closes_only=any(table.told.closes_only for table in tables),
        repairs=_repairs(rows, tables),
        notes=(*coin_notes, *_notes(rows, tables)),
    )


def _resampled(joined: Joined, step: int) -> "tuple[Resampler, Candles]":
    """Rows to candles; again from the start where they turn out irregular, and sorted where they turn out shuffled."""
    from forecaster.market.files.resample import Resampler
    from forecaster.market.files.sorting import in_order

    is_sorted = True
    for _ in range(len(joined.tables) + 2):  # each table changes its way of reading once
        hours = Resampler(joined.refuse, closing=any(table.told.closing for table in joined.tables), step=step)
        try:
            for rows in joined.batches() if is_sorted else in_order(joined.batches, joined.name):
                hours.add(rows)
            hours.unordered += not is_sorted
            return hours, hours.finish()
        except ReadAgain:
            continue
        except OutOfOrder:
            is_sorted = False
    raise DataFileError(f"{joined.name} cannot be read.", EXPECTED)


def _repairs(hours: "Resampler", tables: Sequence[Table]) -> tuple[str, ...]:
    doubled, skipped = (sum(getattr(table.told, name) for table in tables) for name in ("doubled", "skipped"))
    grid = hours.grid
    counted = (
        (hours.unordered, "the rows were sorted by time"),
        (hours.repeated, f"rows said again what another row says, and were merged: {hours.repeated:,}"),
        (grid.jitter if grid else 0, f"rows moved by some seconds to their place: {grid.jitter if grid else 0:,}"),
        (grid.strays if grid else 0, f"stray rows between two hours, left out: {grid.strays if grid else 0:,}"),
        (hours.untraded, f"rows without prices, left out: {hours.untraded:,}"),
        (doubled, f"times of the hour that the clock ran through twice, told apart by their order: {doubled:,}"),
        (skipped, f"times of the hour that the clock left out: {skipped:,}"),
    )
    return tuple(words for count, words in counted if count)


def _notes(hours: "Resampler", tables: Sequence[Table]) -> tuple[str, ...]:
    notes = [note for table in tables for note in table.told.notes]
    if any("nothing else" in table.told.zone for table in tables):
        notes.append("Its times name no zone and are taken as UTC (--timezone names another).")
    if any(table.told.closes_only for table in tables):
        notes.append("It has one price an hour, which stands for open, high, low and close.")
    if not hours.volume:
        notes.append("It has no volume; a model is told that trading is as usual.")
    elif any(table.told.quote_volume for table in tables):
        notes.append("Its volume is in the currency, and was divided by the price.")
    return tuple(dict.fromkeys(notes))


def _gaps(candles: Candles) -> tuple[int, tuple[Gap, ...]]:
    lost = np.diff(candles.time) // candles.step - 1  # (n - 1,) candles without a trade after each
    longest = np.argsort(-lost, kind="stable")[:MOST_GAPS]
    gaps = tuple(Gap(int(candles.time[i]) + candles.step, int(lost[i])) for i in longest if lost[i] > 0)
    return int(lost.sum()), gaps
