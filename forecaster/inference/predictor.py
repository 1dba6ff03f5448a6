"""Candles in, Forecast out: what every recipe's predictor does, and the one that an artifact needs.

classic.py    one hour ahead, from 60 closes on a min-max scale
quantile.py   24 hours ahead, from candles of both symbols
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import Calibration, Detectors, Tracker
from forecaster.errors import InvalidInput
from forecaster.inference.annotate import Draft
from forecaster.inference.engine import Engine
from forecaster.inference.window import Window
from forecaster.market import Snapshot
from forecaster.schema import Forecast, InputKind, ModelFacts, ModelRef, Report


class Detection(NamedTuple):
    """A model's own forecasts as a measure of how surprising an hour is; anomalies/monitor.py judges by them."""

    engine: Engine
    calibration: Calibration
    detectors: Detectors


class Predictor(Protocol):
    """A verified model that is ready to forecast. Holds no state between calls."""

    ref: ModelRef
    report: Report
    evaluation: bytes | None  # every score behind the report as JSON, where the artifact brings it
    reads_companion: bool  # its forecasts are better with the companion's candles
    longest: int  # hours ahead
    gathers: bool  # what threads ask it at once is run together: it pays to ask from several

    @property
    def facts(self) -> ModelFacts:
        """What the model learned from and what it takes."""
        ...

    def known(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Those of the symbols that it forecasts."""
        ...

    def check(self, symbol: str, hours: int) -> None:
        """Raise UnsupportedSymbol or UnsupportedHorizon for what the model never learned."""
        ...

    def trackers(self, symbol: str) -> dict[InputKind, Tracker]:
        """Fresh trackers by kind of input, as they stood after the graded hours; none where bands stay as they are."""
        ...

    def forecast(
        self,
        snapshot: Snapshot,
        hours: int,
        other: Snapshot | None = None,
        trackers: Mapping[InputKind, Tracker] | None = None,
    ) -> Forecast:
        """The distribution of the next closes after the snapshot's newest candle.

        `other` is the other symbol's snapshot, where it could be had; `trackers` know how the bands of earlier
        forecasts held (fresh ones by default). Raises UnsupportedSymbol and UnsupportedHorizon for what the model
        never learned, InvalidInput when the snapshot holds too few candles or too long a gap.
        """
        ...

    def standing(self, window: Window, trackers: Mapping[InputKind, Tracker] | None = None) -> Forecast:
        """The same of all horizons of the model: 15, 30 and 45 minutes, and each hour. Raises as `forecast`."""
        ...

    def forecasts(self, windows: Sequence[Window], hours: int) -> list[Forecast | InvalidInput]:
        """The forecast from each window, or why there is none; with fresh trackers.

        Raises UnsupportedSymbol and UnsupportedHorizon for what the model never learned.
        """
        ...

    def drafts(self, windows: Sequence[Window], hours: int) -> Iterable[Forecast | Draft | InvalidInput]:
        """The same, where that is faster with the distributions as arrays, and each made when it is asked for."""
        ...

    def next_hours(self, symbol: str, closes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles of the next log return after each of closes (n,) but the first 59 and the last: (n - 60, Q).

        Each is made from the 60 closes up to it, and bands follow what became of the forecasts before. Raises
        UnsupportedSymbol, and InvalidInput for a recipe without such quantiles.
        """
        ...

    @property
    def detection(self) -> Detection | None:
        """What judging hours by this model's forecasts takes; None where they say too little."""
        ...

    def ahead(self, forecast: Forecast, minutes: Sequence[int]) -> Forecast:
        """A standing forecast's horizons so many `minutes` after its as_of, ascending and none beyond its last one.

        Those between its own are interpolated. The record is that of the last one.
        """
        ...

    def predict_next_close(self, closes: Sequence[float] | NDArray[np.float64]) -> float:
        """The next close after 60 closes, oldest first, in their own currency.

        Raises InvalidInput unless there are exactly 60, each finite and positive, at a level from which
        the model's answer is a price.
        """
        ...

    def predict_next_closes(
        self, windows: Sequence[Sequence[float] | NDArray[np.float64]]
    ) -> list[float | InvalidInput]:
        """The same of many windows, or why there is no price; the last digits of a float32 apart."""
        ...
