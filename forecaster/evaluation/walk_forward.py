"""The record of yearly refits: each year is forecast by networks that never saw it.

2018      2019      2020                       the networks of a year are trained on all hours before it,
forecast  forecast  forecast  ...              its bands are calibrated on the forecasts of the year before,
    `-- calibrates --^                         and their widths follow the coverage through all years
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Conformal, tracked
from forecaster.evaluation.panel import Fold, Panel
from forecaster.evaluation.record import OURS, UNTRACKED, Evaluation
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress, backtest
from forecaster.quantiles import HORIZONS, Floats
from forecaster.schema import InputKind

FIRST = 2019  # the first year that is graded

Networks = Callable[[float], Engine]  # those trained on hours whose targets closed before that time (Unix s)


def refits(last: int) -> list[float]:
    """When the networks of each year until `last` stop to learn (Unix s), 2018 first."""
    return [_new_year(year) for year in range(FIRST - 1, last + 1)]


def walk_forward(networks: Networks, markets: tuple[Market, ...], last: int, progress: Progress) -> Evaluation:
    """Grade every year from 2019 to `last`; `networks` is asked once for each year, 2018 first."""
    years = range(FIRST - 1, last + 1)
    raw: dict[tuple[str, InputKind], list[Floats]] = {}
    for year in years:
        engine = networks(_new_year(year))
        for market in markets:
            rows = _rows(market, year)
            for kind in KINDS:
                progress(f"forecasting {market.symbol} in {year}, {kind}", (year - FIRST + 1) / len(years))
                raw.setdefault((market.symbol, kind), []).append(backtest(engine, market, rows, kind))
    calibrations = {kind: _calibrations(raw, markets, kind, years) for kind in KINDS}
    evaluation = Evaluation()
    for market in markets:
        folds = (Fold(_new_year(year), _rows(market, year)) for year in years[1:])
        panel = Panel("walk_forward", market, [fold for fold in folds if len(fold.rows)])
        ours: dict[tuple[str, InputKind], Floats] = {}
        for kind in KINDS:
            parts = zip(calibrations[kind], raw.pop((market.symbol, kind))[1:], strict=True)
            ours[UNTRACKED, kind] = np.concatenate([calibration.apply(part) for calibration, part in parts])
            ours[OURS, kind] = tracked(ours[UNTRACKED, kind], market.target[panel.rows])
        evaluation += panel.evaluate(ours, range(1, HORIZONS + 1), progress)
    return evaluation


def _calibrations(
    raw: dict[tuple[str, InputKind], list[Floats]], markets: tuple[Market, ...], kind: InputKind, years: Sequence[int]
) -> list[Conformal]:
    """For each year but the first: fitted on the year before, both symbols together, on what closed before it ends."""
    fitted = []
    for index, year in enumerate(years[:-1]):
        issued = np.concatenate([raw[market.symbol, kind][index] for market in markets])
        actual = np.concatenate([market.closed(_rows(market, year), _new_year(year + 1)) for market in markets])
        fitted.append(Conformal.of(issued, actual))
    return fitted


def _rows(market: Market, year: int) -> NDArray[np.int64]:
    return market.issued(_new_year(year), _new_year(year + 1))


def _new_year(year: int) -> float:
    return datetime(year, 1, 1, tzinfo=UTC).timestamp()
