"""The alarm that most monitors have: a move whose z-score over the hours before it exceeds a threshold."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from forecaster.calibration import SPANS
from forecaster.features import VOLATILITY_FLOOR, window_volatility
from forecaster.quantiles import Floats


@dataclass(frozen=True, slots=True)
class Rule:
    """A z-score of the move over 1 hour, or the larger of those over 1 and 6 hours."""

    hours: int | None  # of the standard deviation; None takes the EWMA volatility of the newest 60 closes
    spans: tuple[int, ...]

    def __str__(self) -> str:
        window = "EWMA" if self.hours is None else f"{self.hours} h"
        return f"{window}, moves over {' and '.join(map(str, self.spans))} h"

    def score(self, close: Floats, judged: int) -> Floats:
        """Minus the z-score of the newest `judged` of closes (m, n): (m, judged). Small is surprising.

        The standard deviation is that of the returns before the move began; it takes 175 closes before the first
        that is judged.
        """
        log = np.log(close)
        if self.hours is None:
            sigma = np.stack([window_volatility(each) for each in close])
        else:
            sigma = np.lib.stride_tricks.sliding_window_view(np.diff(log), self.hours, axis=1).std(axis=2)
        z = np.zeros((len(close), judged))
        for span in self.spans:
            began = slice(-judged - span, -span)
            known = np.maximum(sigma[:, began], VOLATILITY_FLOOR) * sqrt(span)
            z = np.maximum(z, np.abs(log[:, -judged:] - log[:, began]) / known)
        return -z


RULES = tuple(Rule(hours, spans) for hours in (24, 72, 168) for spans in (SPANS[:1], SPANS))
EWMA = tuple(Rule(None, spans) for spans in (SPANS[:1], SPANS))
PAST = 168 + SPANS[-1] + 1  # closes before the first judged one
