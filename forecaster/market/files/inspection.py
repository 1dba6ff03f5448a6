"""What was recognized in a candle file, in a few lines and a small picture for a terminal."""

from typing import Any

import numpy as np

from forecaster.market.candles import Candles, utc
from forecaster.market.files.reader import CandleFile
from forecaster.schema import HOUR

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 72  # characters of the picture
NAMED = 3  # of the longest gaps


def in_words(file: CandleFile) -> str:
    """Lines that say layout, coin, step, zone, span, gaps, repairs and notes, and a picture of the closes."""
    told = told_of(file)
    lines = [
        ("file", file.name),
        ("layout", file.layout),
        ("coin", f"{file.symbol or 'not told: say it with --symbol'}, prices in {file.quote}"),
        ("step", f"{_step(file.spacing)}, {file.rows:,} rows read as {len(file.candles):,} hours"),
        ("times", file.zone),
        ("span", f"{told['from']} to {told['to']}"),
        ("gaps", _gaps(file)),
        ("volume", "yes" if file.has_volume else "none"),
        *(("repaired", repair) for repair in file.repairs),
        *(("note", note) for note in file.notes),
        ("closes", f"{told['lowest_close']:,.10g} to {told['highest_close']:,.10g}, last {told['last_close']:,.10g}"),
    ]
    return "\n".join([*(f"{name:9}{text}" for name, text in lines), picture(file.candles)])


def told_of(file: CandleFile) -> dict[str, Any]:
    """The same for programs: JSON values alone."""
    candles = file.candles
    return {
        "file": file.name,
        "layout": file.layout,
        "symbol": file.symbol,
        "quote": file.quote,
        "step_seconds": int(file.spacing) or None,
        "rows": file.rows,
        "hours": len(candles),
        "zone": file.zone,
        "from": f"{utc(int(candles.time[0])):%Y-%m-%dT%H:%MZ}",
        "to": f"{utc(int(candles.time[-1]) + HOUR):%Y-%m-%dT%H:%MZ}",
        "missing_hours": file.missing,
        "gaps": [{"from": f"{utc(gap.start):%Y-%m-%dT%H:%MZ}", "hours": gap.count} for gap in file.gaps],
        "has_volume": file.has_volume,
        "closes_only": file.closes_only,
        "repairs": list(file.repairs),
        "notes": list(file.notes),
        "lowest_close": float(candles.close.min()),
        "highest_close": float(candles.close.max()),
        "last_close": float(candles.close[-1]),
    }


def picture(candles: Candles) -> str:
    """The closes as one line of bars: the mean of as many hours each as it takes."""
    parts = np.array_split(candles.close, min(WIDTH, len(candles)))
    means = np.array([part.mean() for part in parts])
    spread = means.max() - means.min()
    heights = np.rint((means - means.min()) / spread * (len(BARS) - 1)) if spread else np.zeros(len(means))
    return "".join(BARS[int(height)] for height in heights)


def _step(seconds: float) -> str:
    if seconds == HOUR or not seconds:
        return "1 hour"
    return f"{seconds / 60:g} minutes" if seconds > 60 else "1 minute" if seconds == 60 else f"{seconds:g} seconds"


def _gaps(file: CandleFile) -> str:
    if not file.missing:
        return "none"
    longest = ", ".join(f"{gap.count} h from {utc(gap.start):%Y-%m-%d %H:%M}" for gap in file.gaps[:NAMED])
    return f"{file.missing:,} hours without a trade; longest: {longest}"
