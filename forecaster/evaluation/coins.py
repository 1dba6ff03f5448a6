"""The record of coins beside the pair that panels grade in full: few numbers each, by the same scores.

A coin is graded at full hours of its own candles, with its companion's beside them, by networks that saw no hour from
the start on. What its bands learned by the last hour goes into the artifact, as the pair's does.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Calibration, Tracker, Widths, tracked
from forecaster.evaluation.baselines import rolling_quantiles
from forecaster.evaluation.metrics import coverage, mae_skill, metrics
from forecaster.evaluation.panel import SHOWN
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress, backtest
from forecaster.quantiles import BANDS, MEDIAN, Floats, band, crps
from forecaster.schema import InputKind, Symbol, TableRow

FEWEST = 24 * 90  # hours; a coin with fewer to grade keeps no record


class CoinRecord(NamedTuple):
    """What was measured of one coin, and the widths with which serving goes on."""

    symbol: Symbol
    rows: tuple[TableRow, ...]  # 1, 6 and 24 hours, from candles and from closes alone; none of a few hours
    widths: dict[InputKind, Widths]


def coin_records(
    engine: Engine, calibration: Calibration, markets: Iterable[Market], start: float, progress: Progress
) -> Iterator[CoinRecord]:
    """Grade each market from `start` (Unix s) on; `engine` runs networks that saw none of those hours."""
    for market in markets:
        if len(market.issued(start, float("inf"))):
            progress(f"grading {market.symbol}", 0.0)
            rows = market.issued(start, float("inf"))
            yield coin_record(market, rows, partial(_still, engine, calibration, market, rows))


def _still(
    engine: Engine, calibration: Calibration, market: Market, rows: NDArray[np.int64], kind: InputKind
) -> Floats:
    return calibration.of(kind).apply(backtest(engine, market, rows, kind))


def coin_record(market: Market, rows: NDArray[np.int64], calibrated: Callable[[InputKind], Floats]) -> CoinRecord:
    """Of forecasts (n, 24, Q) issued at consecutive `rows` (n,), which are followed here; asked for by their input."""
    rolling = {ahead: rolling_quantiles(market.close, rows, ahead) for ahead in SHOWN}
    told: list[TableRow] = []
    widths: dict[InputKind, Widths] = {}
    for kind in KINDS:
        tracker, still = Tracker(), calibrated(kind)
        issued = tracked(still, market.target[rows], tracker)
        widths[kind] = tracker.widths
        for ahead in SHOWN if len(rows) >= FEWEST else ():
            outcome = market.target[rows, ahead - 1]
            known = np.isfinite(outcome)
            parts = (each[known] for each in (issued[:, ahead - 1], still[:, ahead - 1], rolling[ahead]))
            told.append(_row(market.symbol, kind, ahead, market.close[rows][known], outcome[known], *parts))
    return CoinRecord(market.symbol, tuple(told), widths)


def _row(
    symbol: Symbol,
    kind: InputKind,
    ahead: int,
    last: Floats,
    outcome: Floats,
    issued: Floats,
    still: Floats,
    rolling: Floats,
) -> TableRow:
    """Grades of quantiles (n, Q) of log returns as served, without following, and of the last 90 days."""
    predicted, actual = last * np.exp(issued[:, MEDIAN]), last * np.exp(outcome)
    row = metrics("quantile", predicted, actual, last)
    return TableRow(
        symbol=symbol,
        hours=ahead,
        input=kind,
        n=len(outcome),
        mae=row.mae,
        mae_persistence=float(np.abs(last - actual).mean()),
        mae_skill=mae_skill(predicted, actual, last),
        direction=row.direction,
        crps=float(1e4 * crps(issued, outcome).mean()),
        crps_rolling_quantiles=float(1e4 * crps(rolling, outcome).mean()),
        coverage=coverage({name: band(issued, name) for name in BANDS}, outcome),
        coverage_untracked=coverage({name: band(still, name) for name in BANDS}, outcome),
    )
