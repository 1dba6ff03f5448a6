"""How far an hour's inputs lie from those that the model was trained on, and from where on to say so.

The distance is the mean over the inputs of |input - its median in training| / its interquartile range there:
about 0.6 on an ordinary day. It costs one subtraction per input and needs no training windows at hand.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.features.hourly import CONTEXT, FROM_CLOSES, KINDS
from forecaster.quantiles import Floats
from forecaster.schema import Frozen, InputKind

RARE = 0.001  # share of validation hours that are farther away than the limit

# volatilities and moves; nothing of the other symbol or the clock, which are known to be missing or are never odd
_OWN = np.array([not name.startswith(("other", "hour_", "week", "place")) for name in CONTEXT])
_COLUMNS = {"full": _OWN, "closes_only": np.isin(CONTEXT, FROM_CLOSES)}


class Familiarity(Frozen):
    """Medians and interquartile ranges of the context in training, and the limits of what is familiar."""

    median: tuple[float, ...] = Field(min_length=len(CONTEXT), max_length=len(CONTEXT))
    width: tuple[float, ...] = Field(min_length=len(CONTEXT), max_length=len(CONTEXT))
    limit: dict[InputKind, float]

    @classmethod
    def of(cls, training: NDArray[np.float32], validation: NDArray[np.float32]) -> Self:
        """From contexts of training hours (n, C), with limits from those of validation hours (m, C)."""
        low, median, high = np.quantile(training, (0.25, 0.5, 0.75), axis=0)
        width = np.maximum(high - low, 1e-6)
        unlimited = cls(median=tuple(median.tolist()), width=tuple(width.tolist()), limit={})
        limit = {kind: float(np.quantile(unlimited.distance(validation, kind), 1 - RARE)) for kind in KINDS}
        return unlimited.model_copy(update={"limit": limit})

    def distance(self, context: NDArray[np.float32], kind: InputKind) -> Floats:
        """Contexts (n, C) -> (n,)."""
        columns = _COLUMNS[kind]
        odd = np.abs(context[:, columns] - np.array(self.median)[columns]) / np.array(self.width)[columns]
        distance: Floats = odd.mean(axis=1)
        return distance
