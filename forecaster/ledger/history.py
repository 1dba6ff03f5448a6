"""What a ledger kept of one symbol, source and model: with it, bands go on after a restart as if without one.

Bands learn from one forecast an hour of the clock, the first: more of them overlap so much that they tell little new.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Tracker
from forecaster.ledger.grades import Outcomes, outcomes
from forecaster.ledger.rows import forecast_of
from forecaster.quantiles import BANDS, HORIZONS, LEVELS, Floats
from forecaster.schema import Forecast, InputKind

OUTERMOST = list(BANDS).index("95")
Closes = Sequence[tuple[int, float]]  # Unix s and price, oldest first


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Outcomes, oldest forecast first, and the forecasts with outcomes to come.

    A level is where in its forecast's distribution an outcome fell, -inf or inf beyond the outer quantiles.
    """

    as_of: NDArray[np.int64]  # (n,) Unix seconds
    kind: NDArray[np.str_]  # (n,) an InputKind
    hours: NDArray[np.int64]  # (n,)
    level: Floats  # (n,)
    open: tuple[tuple[Forecast, int], ...]  # oldest first, each with the hours up to which it was looked at
    widths: Mapping[str, Any] = field(default_factory=dict)  # by kind, (24, Q // 2): what earlier outcomes taught
    newest: Forecast | None = None  # the newest of all, also where it is not the first of its hour

    @classmethod
    def of(
        cls,
        rows: Sequence[Any],
        closes: Closes,
        widths: str | None = None,
        open_: tuple[tuple[Forecast, int], ...] = (),
        newest: Forecast | None = None,
    ) -> Self:
        """Of whole rows, oldest first, one an hour, that came after `widths` (JSON), and the closes since."""
        found = _of_all_hours(rows, closes)
        as_of, kind = np.array([row.as_of for row in rows], np.int64), np.array([row.input for row in rows], np.str_)
        beyond = np.where(found.level < 0.5, -np.inf, np.inf)
        return cls(
            as_of=as_of[found.row],
            kind=kind[found.row],
            hours=found.minutes // 60,
            level=np.where(found.inside[:, OUTERMOST], found.level, beyond),
            open=open_,
            widths=json.loads(widths) if widths else {},
            newest=newest,
        )

    def teach(self, trackers: Mapping[InputKind, Tracker]) -> None:
        """Tell each tracker what it would have been told in the process that issued these forecasts.

        Whether a band missed shows from the level alone: seen as levels, the quantiles that were issued are LEVELS.
        """
        for kind, tracker in trackers.items():
            if kind in self.widths:
                tracker.width[:] = self.widths[kind]
            mine = np.flatnonzero(self.kind == kind)
            if not len(mine):
                continue
            for each in np.split(mine, np.flatnonzero(np.diff(self.as_of[mine])) + 1):
                tracker.settle(self.hours[each], np.tile(LEVELS, (len(each), 1)), self.level[each])


def waiting(rows: Sequence[Any], closes: Closes) -> tuple[tuple[Forecast, int], ...]:
    """The forecasts of all 24 hours that have outcomes to come, with the hours up to which each has some."""
    found, full = _of_all_hours(rows, closes), _full(rows)
    count = np.bincount(found.row, minlength=len(rows))
    looked_at = np.zeros(len(rows), dtype=np.int64)
    np.maximum.at(looked_at, found.row, found.minutes // 60)
    told = zip(rows, looked_at.tolist(), (full & (count < HORIZONS)).tolist(), strict=True)
    return tuple((forecast_of(row), hours) for row, hours, is_open in told if is_open)


def _of_all_hours(rows: Sequence[Any], closes: Closes) -> Outcomes:
    """What became of whole hours, of forecasts of all 24, by forecast and hours."""
    found = outcomes(rows, closes)
    whole = np.flatnonzero((found.minutes % 60 == 0) & _full(rows)[found.row])
    order = whole[np.lexsort((found.minutes[whole], found.row[whole]))]
    return Outcomes._make(column[order] for column in found)


def _full(rows: Sequence[Any]) -> NDArray[np.bool_]:
    """Which forecasts speak of all 24 hours: (n,)."""
    return np.array([row.horizons - row.short == HORIZONS for row in rows], dtype=bool)
