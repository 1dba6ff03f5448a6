"""Grades forecasts of the next close in the quote currency, beside 'no change' on the same hours."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecaster.evaluation.significance import skill
from forecaster.market import utc
from forecaster.schema import HOUR, MetricRow, Report, Skill, Symbol

Prices = NDArray[np.float64]


def metrics(name: str, predicted: Prices, actual: Prices, last: Prices) -> MetricRow:
    """Errors of `predicted` (n,) against `actual` (n,), both prices; `last` (n,) is the close before.

    Direction counts the hours in which the price moved and a move was predicted; a forecaster that
    never predicts a move has none.
    """
    error = predicted - actual
    called = np.sign(predicted - last)
    moved = (actual != last) & (called != 0)
    hits = called[moved] == np.sign(actual - last)[moved]
    return MetricRow(
        name=name,
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        mape_pct=float(100 * np.abs(error / actual).mean()),
        direction=float(hits.mean()) if moved.any() else None,
    )


def mae_skill(predicted: Prices, actual: Prices, last: Prices, *, seed: int = 0) -> Skill:
    """1 - MAE / MAE of 'no change', with a 95 % interval from a moving-block bootstrap of whole weeks."""
    measured = skill(np.abs(predicted - actual), np.abs(last - actual), seed=seed)
    return Skill(
        metric="mae",
        value=measured.value,
        ci_low=measured.low,
        ci_high=measured.high,
        n=len(actual),
        baseline="persistence",
    )


def coverage(bands: Mapping[str, tuple[Prices, Prices]], actual: Prices) -> dict[str, float]:
    """Share of `actual` (n,) inside each band (low (n,), high (n,)), by the band's name."""
    return {name: float(((low <= actual) & (actual <= high)).mean()) for name, (low, high) in bands.items()}


def grade(
    symbol: Symbol,
    name: str,
    time: NDArray[np.int64],
    predicted: Prices,
    actual: Prices,
    last: Prices,
    bands: Mapping[str, tuple[Prices, Prices]],
    remarks: tuple[str, ...] = (),
) -> Report:
    """The report on hours whose targets close at `time` + 1 h; every array is (n,), prices in the quote."""
    return Report(
        symbol=symbol,
        graded_from=utc(int(time[0])),
        graded_to=utc(int(time[-1]) + HOUR),
        n=len(actual),
        model=metrics(name, predicted, actual, last),
        persistence=metrics("persistence", last, actual, last),
        skill=mae_skill(predicted, actual, last),
        coverage=coverage(bands, actual),
        remarks=remarks,
    )
