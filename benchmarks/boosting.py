"""LightGBM on the repository's own features: one booster for each horizon and level.

Everything around it is what our networks have: both symbols are learned together and in units of a volatility known
at that hour, older hours count less, the validation year decides when to stop and calibrates the quantiles, and the
widths follow the coverage. What differs is what learns.
"""

import sys
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration.adaptive import tracked
from forecaster.calibration.conformal import Conformal
from forecaster.evaluation.panel import SHOWN
from forecaster.features.dataset import LEAST_SIGMA, Examples, Market
from forecaster.features.hourly import CHANNELS, CONTEXT
from forecaster.quantiles import HORIZONS, LEVELS, Floats
from forecaster.training.quantile import Split

if TYPE_CHECKING:
    import lightgbm

FITTED = (0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.975)  # levels; those between are interpolated
NEWEST = 3  # hours whose channels are given as they are
HALF_LIFE = 4.0  # years
ROUNDS, PATIENCE = 400, 30
# Chosen by the pinball loss at 1 h in the validation year, one after another: half-lives 2, 4 and none, 15, 31 and 63
# leaves, at least 300 and 1000 hours a leaf, 0.3 and 0.5 of the features. The worst of them lost 0.3 % more.
SETTINGS = {
    "objective": "quantile",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 1000,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Hours as LightGBM is given them."""

    known: NDArray[np.float32]  # (n, F)
    unit: Floats  # (n,) volatility per hour, known then
    target: Floats  # (n, 24) log returns
    weight: Floats | None = None  # (n,)

    @classmethod
    def of(cls, context: NDArray[np.float32], channels: NDArray[np.float32], target: Floats) -> Self:
        """From contexts (n, C), the newest channels (n, NEWEST, 6) and targets."""
        day, days = (context[:, CONTEXT.index(name)].astype(np.float64) for name in ("range_24h", "range_72h"))
        unit = np.maximum(np.exp((day + days) / 2), LEAST_SIGMA)
        columns = [
            context[:, _LOG] - np.log(unit)[:, None],
            context[:, _MOVE] / unit[:, None],
            context[:, _PLACE],
            np.log(unit),
            context[:, _HOUR].argmax(axis=1),
            context[:, _DAY].argmax(axis=1),
            (channels / np.where(_RETURN, unit[:, None, None], 1.0)).reshape(len(unit), -1),
        ]
        return cls(np.column_stack(columns).astype(np.float32), unit, target)

    @classmethod
    def learned(cls, stop: float, markets: tuple[Market, ...]) -> Self:
        """The hours that our networks learn from, all before `stop` (Unix s), weighted as theirs are."""
        examples = Examples.before(stop, markets, HALF_LIFE, first=1.0)
        newest = examples.channels[examples.row[:, None] - np.arange(NEWEST)]
        table = cls.of(examples.context[examples.row], newest, examples.target.astype(np.float64))
        recent = examples.weight[:, 0, 0] / examples.weight[:, 0, 1]
        return cls(table.known, table.unit, table.target, recent.astype(np.float64))

    @classmethod
    def asked(cls, markets: tuple[Market, ...], start: float, stop: float) -> Self:
        """Every hour of all markets that is forecast in [start, stop), with targets that close by `stop` (Unix s)."""
        rows = [market.issued(start, stop) for market in markets]
        pairs = list(zip(markets, rows, strict=True))
        context = np.concatenate([market.hours.context[each] for market, each in pairs])
        newest = np.concatenate([market.hours.channels[each[:, None] - np.arange(NEWEST)] for market, each in pairs])
        return cls.of(context, newest, np.concatenate([market.closed(each, stop) for market, each in pairs]))

    def units(self, ahead: int) -> Floats:
        """What an `ahead`-hour return is measured in, (n,)."""
        return self.unit * np.sqrt(ahead)


def boosted(markets: tuple[Market, ...], split: Split) -> list[Floats]:
    """For each market, quantiles (n, 3, Q) at SHOWN of the log returns after every hour from the test on."""
    validation, test = split.validation.timestamp(), split.test.timestamp()
    early, whole = Table.learned(validation, markets), Table.learned(test, markets)
    watched, asked = Table.asked(markets, validation, test), Table.asked(markets, test, float("inf"))
    between, issued = (np.empty((len(table.unit), len(SHOWN), len(FITTED))) for table in (watched, asked))
    for place, ahead in enumerate(SHOWN):
        for number, level in enumerate(FITTED):
            first = _stopped(early, watched, ahead, level)
            second = _fitted(whole, ahead, level, first.best_iteration)
            between[:, place, number] = first.predict(watched.known, num_threads=1) * watched.units(ahead)
            issued[:, place, number] = second.predict(asked.known, num_threads=1) * asked.units(ahead)
            sys.stderr.write(f"LightGBM, {ahead} h, level {level}: {first.best_iteration} rounds\n")
    calibration = Conformal.of(_everywhere(between), watched.target[:, _OUTCOME])
    calibrated = calibration.apply(_everywhere(issued))
    ends = np.cumsum([len(market.issued(test, float("inf"))) for market in markets])[:-1]
    parts = zip(np.split(calibrated, ends), np.split(asked.target[:, _OUTCOME], ends), strict=True)
    return [tracked(part, outcome)[:, np.array(SHOWN) - 1] for part, outcome in parts]


def _stopped(table: Table, watched: Table, ahead: int, level: float) -> "lightgbm.Booster":
    """One quantile of the `ahead`-hour return, with as many rounds as are best for the watched hours."""
    import lightgbm

    data, outcome = _data(table, ahead), watched.target[:, ahead - 1] / watched.units(ahead)
    closed = np.isfinite(outcome)
    callbacks = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    valid = data.create_valid(watched.known[closed], outcome[closed])
    return lightgbm.train({**SETTINGS, "alpha": level}, data, ROUNDS, [valid], callbacks=callbacks)


def _fitted(table: Table, ahead: int, level: float, rounds: int) -> "lightgbm.Booster":
    """The same with so many rounds."""
    import lightgbm

    return lightgbm.train({**SETTINGS, "alpha": level}, _data(table, ahead), rounds)


def _data(table: Table, ahead: int) -> "lightgbm.Dataset":
    import lightgbm

    return lightgbm.Dataset(table.known, table.target[:, ahead - 1] / table.units(ahead), weight=table.weight)


def _everywhere(fitted: Floats) -> Floats:
    """Quantiles (n, 3, fitted) to (n, 24, Q): the levels between by normal scores, each horizon SHOWN until the next.

    Chernozhukov, Fernández-Val, Galichon (2010), "Quantile and probability curves without crossing": crossing
    quantiles are sorted.
    """
    return (np.sort(fitted, axis=2) @ _BETWEEN)[:, _NEAREST]


_LOG, _MOVE, _PLACE, _HOUR, _DAY = (
    np.array([name.startswith(heads) for name in CONTEXT])
    for heads in (
        ("range", "return", "other_range", "profile"),
        ("move", "repeat", "other_move", "other_repeat"),
        "place",
        "hour_",
        "week_",
    )
)
_RETURN = np.isin(CHANNELS, ("return", "range", "other_return", "other_range"))
_NEAREST = np.searchsorted(SHOWN, np.arange(1, HORIZONS + 1), side="right") - 1  # (24,) places in SHOWN
_OUTCOME = np.array(SHOWN)[_NEAREST] - 1  # (24,) and their columns among 24 targets
_SCORE = {level: NormalDist().inv_cdf(level) for level in {*LEVELS, *FITTED}}
_BETWEEN = np.array(  # (fitted, Q) weights
    [np.interp([_SCORE[to] for to in LEVELS], [_SCORE[of] for of in FITTED], unit) for unit in np.eye(len(FITTED))]
)
