"""What a ledger kept of one symbol, source and model: with it, bands go on after a restart as if without one."""

from collections.abc import Mapping
from dataclasses import dataclass

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

    def teach(self, trackers: Mapping[InputKind, Tracker]) -> None:
        """Tell each tracker what it would have been told in the process that issued these forecasts.

        Whether a band missed shows from the level alone: seen as levels, the quantiles that were issued are LEVELS.
        """
        for kind, tracker in trackers.items():
            mine = np.flatnonzero(self.kind == kind)
            if not len(mine):
                continue
            for each in np.split(mine, np.flatnonzero(np.diff(self.as_of[mine])) + 1):
                tracker.settle(self.hours[each], np.tile(LEVELS, (len(each), 1)), self.level[each])
