"""The record on hours after one split: networks that saw none of them, beside every baseline on the same hours."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.anomalies import evaluate_anomalies
from forecaster.calibration import Calibration, Detectors, Touch, Tracker, Way, Widths, Within, touched, tracked
from forecaster.evaluation.metrics import grade
from forecaster.evaluation.panel import ROLLING, SHOWN, Fold, Panel
from forecaster.evaluation.record import OURS, UNTRACKED, Evaluation, Scores, Touches
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress, backtest
from forecaster.quantiles import BANDS, MEDIAN, Floats, band
from forecaster.schema import HOUR, InputKind, Report, Skill, Symbol, TableRow


@dataclass(frozen=True, slots=True)
class Record:
    """What was measured, and the widths with which serving goes on."""

    report: Report
    evaluation: Evaluation
    widths: dict[InputKind, dict[str, Widths]]
    detectors: Detectors | None  # with what they have followed
    issued: Floats  # (n, 24, Q) log returns: the first symbol's forecasts from candles, as served
    within: Within | None = None  # with the widths within the hour, where five-minute candles taught some


def fixed_split(
    engine: Engine,
    calibration: Calibration,
    markets: tuple[Market, ...],
    start: float,
    remarks: tuple[str, ...],
    progress: Progress,
) -> Record:
    """Grade all hours from `start` (Unix s) on; `engine` runs networks that saw none of them.

    The tracker begins at `start` knowing nothing, and is told each outcome when it has closed.
    """
    evaluation = Evaluation()
    widths: dict[InputKind, dict[str, Widths]] = {kind: {} for kind in KINDS}
    headline: Report | None = None
    for market in markets:
        rows = market.issued(start, float("inf"))
        ours: dict[tuple[str, InputKind], Floats] = {}
        for kind in KINDS:
            progress(f"forecasting {market.symbol}, {kind}", 0.0)
            tracker = Tracker()
            ours[UNTRACKED, kind] = calibration.of(kind).apply(backtest(engine, market, rows, kind))
            ours[OURS, kind] = tracked(ours[UNTRACKED, kind], market.target[rows], tracker)
            widths[kind][market.symbol] = tracker.widths
        if headline is None:
            issued = ours[OURS, "full"]
            headline = _headline(market, rows, issued[:, 0], remarks)
        if calibration.touch is not None:
            evaluation += Evaluation(touches=tuple(_touches(market, rows, ours[OURS, "full"], calibration.touch)))
        evaluation += Panel("fixed_split", market, [Fold(start, rows)]).evaluate(ours, SHOWN, progress)
    assert headline is not None
    detectors = calibration.detectors
    if detectors is not None:
        found = evaluate_anomalies(engine, calibration, detectors, markets, start, progress)
        evaluation += Evaluation(anomalies=found)
        detectors = detectors.model_copy(update={"past": found.past})
    report = headline.model_copy(update={"table": _table(evaluation, markets)})
    return Record(report, evaluation, widths, detectors, issued)


def _touches(market: Market, rows: NDArray[np.int64], quantiles: Floats, touch: Touch) -> Iterator[Touches]:
    """Of forecasts (n, 24, Q) issued at `rows`, at the horizons that are shown."""
    highest, lowest = market.reached(rows, float("inf"))
    for hours in SHOWN:
        for way, reached in (("up", highest), ("down", lowest)):
            side: Way = "up" if way == "up" else "down"
            beyond, shares = touched(quantiles[:, hours - 1], reached[:, hours - 1], side)
            yield Touches(
                symbol=market.symbol,
                hours=hours,
                way=side,
                beyond=tuple(beyond.tolist()),
                told=tuple(touch.chance(side, 60 * hours, chance) for chance in beyond.tolist()),
                touched=tuple(shares.tolist()),
            )


def _headline(market: Market, rows: NDArray[np.int64], quantiles: Floats, remarks: tuple[str, ...]) -> Report:
    last = market.close[rows]
    bands = {name: (last * np.exp(low), last * np.exp(high)) for name in BANDS for low, high in [band(quantiles, name)]}
    predicted, actual = last * np.exp(quantiles[:, MEDIAN]), market.close[rows + 1]
    return grade(market.symbol, "quantile", market.time[rows] + HOUR, predicted, actual, last, bands, remarks)


def _table(evaluation: Evaluation, markets: tuple[Market, ...]) -> tuple[TableRow, ...]:
    """The rows that answers quote."""
    return tuple(
        _row(evaluation, market.symbol, hours, kind) for market in markets for kind in KINDS for hours in SHOWN
    )


def _row(evaluation: Evaluation, symbol: Symbol, hours: int, kind: InputKind) -> TableRow:
    ours, untracked = (_found(evaluation, name, symbol, hours, kind) for name in (OURS, UNTRACKED))
    rolling, persistence = (_found(evaluation, name, symbol, hours, "full") for name in (ROLLING, "persistence"))
    return TableRow(
        symbol=symbol,
        hours=hours,
        input=kind,
        n=ours.n,
        mae=ours.mae,
        mae_persistence=persistence.mae,
        mae_skill=Skill(
            metric="mae",
            value=ours.mae_skill,
            ci_low=ours.mae_skill_low,
            ci_high=ours.mae_skill_high,
            n=ours.n,
            baseline="persistence",
        ),
        direction=ours.direction,
        crps=ours.crps,
        crps_rolling_quantiles=rolling.crps,
        coverage=ours.coverage,
        coverage_untracked=untracked.coverage,
    )


def _found(evaluation: Evaluation, name: str, symbol: Symbol, hours: int, kind: InputKind) -> Scores:
    scores = evaluation.find(name, symbol, hours, kind=kind)
    assert scores is not None  # graded a moment ago
    return scores
