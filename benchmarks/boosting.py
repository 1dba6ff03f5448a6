"""LightGBM on the repository's own features: one booster for each horizon and level.

Everything around it is what our networks have: both symbols are learned together and in units of a volatility known
at that hour, older hours count less, the validation year decides when to stop and calibrates the quantiles, and the
widths follow the coverage. What differs is what learns. It is given hours of the clock alone, or what the last minutes
were like, and the hours between those of the clock.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration.adaptive import tracked
from forecaster.calibration.conformal import Conformal
from forecaster.evaluation.panel import SHOWN
from forecaster.features.dataset import LEAST_SIGMA, Examples, Market
from forecaster.features.hourly import CHANNELS, CONTEXT
from forecaster.features.subhour import SUBHOUR
from forecaster.quantiles import HORIZONS, Floats
from forecaster.training.distillation import BETWEEN, ROUNDS, SETTINGS
from forecaster.training.quantile import Split

if TYPE_CHECKING:
    import lightgbm

FITTED = tuple(ROUNDS)  # levels; those between are interpolated
NEWEST = 3  # hours whose channels are given as they are
HALF_LIFE = 4.0  # years
FRESH = 2.0  # as of forecaster/training/fit.py
QUARTER = 15 * 60  # seconds
MOST_ROUNDS, PATIENCE, SEED = 400, 30, 1


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Hours as LightGBM is given them."""

    known: NDArray[np.float32]  # (n, F)
    unit: Floats  # (n,) volatility per hour, known then
    target: Floats  # (n, 24) log returns
    weight: Floats | None = None  # (n, 24)

    @classmethod
    def of(
        cls,
        context: NDArray[np.float32],
        channels: NDArray[np.float32],
        target: Floats,
        minutes: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    ) -> Self:
        """From contexts (n, C), the newest channels (n, NEWEST, 6), targets, and minutes (n, S) where known (n,)."""
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
        if minutes is not None:
            values, known = minutes
            told = (values - _FINE_LOG * np.log(unit)[:, None]) / np.where(_FINE_MOVE, unit[:, None], 1.0)
            told = np.column_stack([told[:, ~_MARK], values[:, _MARK].argmax(axis=1)])
            columns.append(np.where(known[:, None] > 0, told, np.nan))
        return cls(np.column_stack(columns).astype(np.float32), unit, target)

    @classmethod
    def learned(cls, stop: float, markets: tuple[Market, ...], minutes: bool = False) -> Self:
        """The hours that our networks learn from, all before `stop` (Unix s), weighted as theirs are.

        With `minutes`, markets that end at many marks of one hour count together as our networks' do.
        """
        counted = {"drawn": len(_MARK), "fresh": FRESH} if minutes else {}
        examples = Examples.before(stop, markets, HALF_LIFE, 1.0, **counted)
        newest = examples.channels[examples.row[:, None] - np.arange(NEWEST)]
        told = (examples.subhour[examples.row], examples.known[examples.row, 1]) if minutes else None
        table = cls.of(examples.context[examples.row], newest, examples.target.astype(np.float64), told)
        weight = (examples.weight[:, :, 0] / examples.weight[:, :, 1]).astype(np.float64)  # by age
        if minutes:
            weight = examples.weight[:, :, 0] * table.unit[:, None] * np.sqrt(np.arange(1, HORIZONS + 1))
        return cls(table.known, table.unit, table.target, weight)

    @classmethod
    def asked(cls, markets: tuple[Market, ...], start: float, stop: float, minutes: bool = False) -> Self:
        """Every hour of all markets that is forecast in [start, stop), with targets that close by `stop` (Unix s)."""
        rows = [market.issued(start, stop) for market in markets]
        pairs = list(zip(markets, rows, strict=True))
        context = np.concatenate([market.hours.context[each] for market, each in pairs])
        newest = np.concatenate([market.hours.channels[each[:, None] - np.arange(NEWEST)] for market, each in pairs])
        told = (
            np.concatenate([market.hours.minutes.values[each] for market, each in pairs]),
            np.concatenate([market.hours.minutes.known[each] for market, each in pairs]),
        )
        targets = np.concatenate([market.closed(each, stop) for market, each in pairs])
        return cls.of(context, newest, targets, told if minutes else None)

    def units(self, ahead: int) -> Floats:
        """What an `ahead`-hour return is measured in, (n,)."""
        return self.unit * np.sqrt(ahead)


def boosted(
    markets: tuple[Market, ...], split: Split, horizons: Sequence[int] = SHOWN, minutes: bool = False
) -> list[Floats]:
    """For each market, quantiles (n, h, Q) at `horizons` of the log returns after every hour from the test on.

    With `minutes` it is given what the last ones were like. Hours that end at a quarter decide when to stop, and
    calibrate, as ours do.
    """
    validation, test = split.validation.timestamp(), split.test.timestamp()
    early, whole = (Table.learned(stop, markets, minutes) for stop in (validation, test))
    quarters = tuple(market for market in markets if market.time[0] % QUARTER == 0)
    watched = Table.asked(quarters, validation, test, minutes)
    asked = Table.asked(markets, test, float("inf"), minutes)
    between, issued = (np.empty((len(table.unit), len(horizons), len(FITTED))) for table in (watched, asked))
    for place, ahead in enumerate(horizons):
        for number, level in enumerate(FITTED):
            first = _stopped(early, watched, ahead, level)
            second = _fitted(whole, ahead, level, first.best_iteration)
            between[:, place, number] = first.predict(watched.known, num_threads=1) * watched.units(ahead)
            issued[:, place, number] = second.predict(asked.known, num_threads=1) * asked.units(ahead)
            sys.stderr.write(f"LightGBM, {ahead} h, level {level}: {first.best_iteration} rounds\n")
    place = _places(horizons)
    outcome = np.array(horizons)[place] - 1  # (24,) columns among 24 targets
    calibration = Conformal.of(_everywhere(between, place), watched.target[:, outcome])
    calibrated = calibration.apply(_everywhere(issued, place))
    ends = np.cumsum([len(market.issued(test, float("inf"))) for market in markets])[:-1]
    parts = zip(np.split(calibrated, ends), np.split(asked.target[:, outcome], ends), strict=True)
    return [tracked(part, known)[:, np.array(horizons) - 1] for part, known in parts]


def _stopped(table: Table, watched: Table, ahead: int, level: float) -> "lightgbm.Booster":
    """One quantile of the `ahead`-hour return, with as many rounds as are best for the watched hours."""
    import lightgbm

    data, outcome = _data(table, ahead), watched.target[:, ahead - 1] / watched.units(ahead)
    closed = np.isfinite(outcome)
    callbacks = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    valid = data.create_valid(watched.known[closed], outcome[closed])
    return lightgbm.train({**SETTINGS, "seed": SEED, "alpha": level}, data, MOST_ROUNDS, [valid], callbacks=callbacks)


def _fitted(table: Table, ahead: int, level: float, rounds: int) -> "lightgbm.Booster":
    """The same with so many rounds."""
    import lightgbm

    return lightgbm.train({**SETTINGS, "seed": SEED, "alpha": level}, _data(table, ahead), rounds)


def _data(table: Table, ahead: int) -> "lightgbm.Dataset":
    import lightgbm

    return lightgbm.Dataset(
        table.known,
        table.target[:, ahead - 1] / table.units(ahead),
        weight=None if table.weight is None else table.weight[:, ahead - 1],
    )


def _places(horizons: Sequence[int]) -> NDArray[np.int64]:
    """For each of 24 hours (24,), the place among `horizons` of the last that is not beyond it."""
    return np.searchsorted(horizons, np.arange(1, HORIZONS + 1), side="right") - 1


def _everywhere(fitted: Floats, place: NDArray[np.int64]) -> Floats:
    """Quantiles (n, h, fitted) to (n, 24, Q): the levels between by normal scores, each horizon until the next.

    Chernozhukov, Fernández-Val, Galichon (2010), "Quantile and probability curves without crossing": crossing
    quantiles are sorted.
    """
    return (np.sort(fitted, axis=2) @ BETWEEN)[:, place]


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
_FINE_LOG, _FINE_MOVE, _MARK = (
    np.array([name.startswith(head) for name in SUBHOUR]) for head in ("fine_range", "fine_move", "past")
)
