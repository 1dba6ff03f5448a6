"""What a ledger kept of one symbol, source and model: with it, bands go on after a restart as if without one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Tracker
from forecaster.quantiles import LEVELS, Floats
from forecaster.schema import Forecast, InputKind


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

    @classmethod
    def of(cls, rows: Sequence[Any], open_: tuple[tuple[Forecast, int], ...], widths: str | None) -> Self:
        """Of rows (as_of, input, hours, pit, inside_95), oldest first, that came after `widths` (JSON)."""
        as_of, kind, hours, level, held = zip(*rows, strict=True) if rows else ((),) * 5
        beyond = np.where(np.array(level) < 0.5, -np.inf, np.inf)
        return cls(
            as_of=np.array(as_of, dtype=np.int64),
            kind=np.array(kind, dtype=np.str_),
            hours=np.array(hours, dtype=np.int64),
            level=np.where(np.array(held, dtype=bool), np.array(level, dtype=np.float64), beyond),
            open=open_,
            widths=json.loads(widths) if widths else {},
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
