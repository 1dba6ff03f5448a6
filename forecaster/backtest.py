"""Grades quantile forecasts on hours that their networks never saw, for both symbols and both kinds of input."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecaster.baselines import rolling_quantiles
from forecaster.conformal import Calibration, tracked
from forecaster.engine import Engine
from forecaster.evaluate import coverage, grade, mae_skill, metrics
from forecaster.examples import Market
from forecaster.features.hours import KINDS
from forecaster.quantiles import BANDS, MEDIAN, Floats, band, crps
from forecaster.schema import HOUR, InputKind, Report, TableRow

GRADED = (1, 6, 24)  # hours ahead, of the report's table
BATCH = 1024

Progress = Callable[[str, float], None]  # what is being done, and the share of it that is done, 0..1


def measure(
    engine: Engine,
    calibration: Calibration,
    markets: tuple[Market, ...],
    start: float,
    remarks: tuple[str, ...],
    progress: Progress,
) -> Report:
    """The report on all hours from `start` (Unix s) on: the first symbol's 1 h as headline, and the table."""
    table: list[TableRow] = []
    headline: Report | None = None
    for number, market in enumerate(markets):
        rows = market.issued(start, float("inf"))
        rolling = {ahead: rolling_quantiles(market.close, rows, ahead) for ahead in GRADED}
        for kind in KINDS:
            progress(f"grading {market.symbol}, {kind}", number / len(markets))
            issued = calibration.of(kind).apply(backtest(engine, market, rows, kind))
            followed = tracked(issued, market.target[rows])
            table += [_row(market, rows, kind, ahead, issued, followed, rolling[ahead]) for ahead in GRADED]
            headline = headline or _headline(market, rows, issued[:, 0], remarks)
    assert headline is not None
    return headline.model_copy(update={"table": tuple(table)})


def backtest(engine: Engine, market: Market, rows: NDArray[np.int64], kind: InputKind) -> Floats:
    """Quantiles (n, 24, Q) of the log return, before calibration, of the forecasts issued at `rows` (n,)."""
    batches = (rows[i : i + BATCH] for i in range(0, len(rows), BATCH))
    return np.concatenate([engine.run(market.hours.inputs(batch, kind)) for batch in batches]).astype(np.float64)


def _row(
    market: Market,
    rows: NDArray[np.int64],
    kind: InputKind,
    ahead: int,
    issued: Floats,
    followed: Floats,
    rolling: Floats,
) -> TableRow:
    """One row of the table, of the hours whose outcome is known."""
    known = np.isfinite(market.target[rows, ahead - 1])
    outcome, last = market.target[rows, ahead - 1][known], market.close[rows][known]
    quantiles = issued[known, ahead - 1]
    predicted, actual = last * np.exp(quantiles[:, MEDIAN]), last * np.exp(outcome)
    row = metrics("quantile", predicted, actual, last)
    return TableRow(
        symbol=market.symbol,
        hours=ahead,
        input=kind,
        n=len(outcome),
        mae=row.mae,
        mae_persistence=float(np.abs(last - actual).mean()),
        mae_skill=mae_skill(predicted, actual, last),
        direction=row.direction,
        crps=float(1e4 * crps(quantiles, outcome).mean()),
        crps_rolling_quantiles=float(1e4 * crps(rolling[known], outcome).mean()),
        coverage=coverage({name: band(quantiles, name) for name in BANDS}, outcome),
        coverage_tracked=coverage({name: band(followed[known, ahead - 1], name) for name in BANDS}, outcome),
    )


def _headline(market: Market, rows: NDArray[np.int64], quantiles: Floats, remarks: tuple[str, ...]) -> Report:
    last = market.close[rows]
    bands = {name: (last * np.exp(low), last * np.exp(high)) for name in BANDS for low, high in [band(quantiles, name)]}
    predicted, actual = last * np.exp(quantiles[:, MEDIAN]), market.close[rows + 1]
    return grade(market.symbol, "quantile", market.time[rows] + HOUR, predicted, actual, last, bands, remarks)
