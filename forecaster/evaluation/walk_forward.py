"""The record of yearly refits: each year is forecast by networks that never saw it.

2018      2019      2020                       the networks of a year are trained on all hours before it,
forecast  forecast  forecast  ...              its bands are calibrated on the forecasts of the year before,
    `-- calibrates --^                         and their widths follow the coverage through all years

BTC and ETH are graded in full, other coins in fewer numbers, and both between full hours in the years whose
five-minute candles are known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Calibration, tracked
from forecaster.errors import InvalidInput
from forecaster.evaluation.baselines import DAYS
from forecaster.evaluation.coins import FEWEST, coin_record
from forecaster.evaluation.grades import RandomMinute
from forecaster.evaluation.panel import Fold, Panel
from forecaster.evaluation.random_minute import at_random
from forecaster.evaluation.record import OURS, UNTRACKED, Evaluation
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress, backtest
from forecaster.market import Candles, companion
from forecaster.quantiles import HORIZONS, Floats
from forecaster.schema import SYMBOLS, InputKind, Symbol, TableRow

FIRST = 2019  # the first year that is graded

Networks = Callable[[float], Engine]  # those trained on hours whose targets closed before that time (Unix s)
Calibrate = Callable[[Engine, float, float], Calibration]  # on the forecasts of the hours between two times (Unix s)


class Refit(NamedTuple):
    """What forecasts a year."""

    year: int
    engine: Engine
    calibration: Calibration


def refits(last: int) -> list[float]:
    """When the networks of each year until `last` stop to learn (Unix s), 2018 first."""
    return [_new_year(year) for year in range(FIRST - 1, last + 1)]


def walk_forward(
    networks: Networks,
    calibrate: Calibrate,
    markets: Iterable[Market],
    fine: Mapping[Symbol, Candles],
    last: int,
    progress: Progress,
) -> Evaluation:
    """Grade every year from 2019 to `last`; `networks` is asked once for each year, 2018 first.

    `markets` are full hours, BTC's and ETH's among them; `fine` are five-minute candles.
    """
    made = list(_refits(networks, calibrate, last, progress))
    evaluation, coins = Evaluation(), list[TableRow]()
    for market in markets:
        progress(f"forecasting {market.symbol} year by year", 0.0)
        if market.symbol in SYMBOLS:
            evaluation += _in_full(made, market, progress)
        else:
            coins += _in_few_numbers(made, market)
    minutes = tuple(_between_hours(made, fine, progress))
    return evaluation + Evaluation(walked_coins=tuple(coins), walked_minutes=minutes)


def _refits(networks: Networks, calibrate: Calibrate, last: int, progress: Progress) -> Iterator[Refit]:
    before = networks(_new_year(FIRST - 1))
    for year in range(FIRST, last + 1):
        progress(f"calibrating {year}", (year - FIRST) / (last - FIRST + 1))
        calibration = calibrate(before, _new_year(year - 1), _new_year(year))
        before = networks(_new_year(year))
        yield Refit(year, before, calibration)


def _in_full(made: Sequence[Refit], market: Market, progress: Progress) -> Evaluation:
    years = _years(made, market)
    panel = Panel("walk_forward", market, [Fold(_new_year(refit.year), rows) for refit, rows in years])
    ours: dict[tuple[str, InputKind], Floats] = {}
    for kind in KINDS:
        ours[UNTRACKED, kind] = _calibrated(years, market, kind)
        ours[OURS, kind] = tracked(ours[UNTRACKED, kind], market.target[panel.rows])
    return panel.evaluate(ours, range(1, HORIZONS + 1), progress)


def _in_few_numbers(made: Sequence[Refit], market: Market) -> tuple[TableRow, ...]:
    """Of one coin over all years, from when 90 days of it are known; none of a few hours."""
    years = _years(made, market, 24 * DAYS)
    if sum(len(rows) for _, rows in years) < FEWEST:
        return ()
    rows = np.concatenate([each for _, each in years])
    return coin_record(market, rows, lambda kind: _calibrated(years, market, kind)).rows


def _years(made: Sequence[Refit], market: Market, first: int = 0) -> list[tuple[Refit, NDArray[np.int64]]]:
    """The rows that each refit forecasts, from row `first` on; of years that have some."""
    years = [(refit, rows[rows >= first]) for refit in made for rows in [_rows(market, refit.year)]]
    return [(refit, rows) for refit, rows in years if len(rows)]


def _calibrated(years: Iterable[tuple[Refit, NDArray[np.int64]]], market: Market, kind: InputKind) -> Floats:
    """Forecasts (n, 24, Q) of each year's rows by its networks, as it calibrates them."""
    return np.concatenate(
        [each.calibration.of(kind).apply(backtest(each.engine, market, rows, kind)) for each, rows in years]
    )


def _between_hours(made: Sequence[Refit], fine: Mapping[Symbol, Candles], progress: Progress) -> Iterator[RandomMinute]:
    """BTC and ETH at every five-minute mark of a year, where that many hours of it are known."""
    for symbol in SYMBOLS:
        for refit in made if symbol in fine else ():
            progress(f"grading {symbol} at every five minutes of {refit.year}", 0.0)
            start, stop = _new_year(refit.year), _new_year(refit.year + 1)
            known = {each: candles.closed_at(stop) for each, candles in fine.items()}
            candles, other = known[symbol], known.get(companion(symbol))
            try:
                graded = at_random(refit.engine, refit.calibration, symbol, candles, other, start)
            except InvalidInput:  # too few of them
                continue
            if graded.n >= FEWEST:
                yield graded


def _rows(market: Market, year: int) -> NDArray[np.int64]:
    return market.issued(_new_year(year), _new_year(year + 1))


def _new_year(year: int) -> float:
    return datetime(year, 1, 1, tzinfo=UTC).timestamp()
