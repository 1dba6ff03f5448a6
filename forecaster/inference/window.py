"""What the quantile recipe reads of a window: 289 gapless candles and the other symbol's, or 60 closes alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.features import LOOKBACK, Minutes, Tape, bare_inputs, hours_of
from forecaster.inference.annotate import Flag, gaps_flag
from forecaster.market import Candles, Snapshot, gapless
from forecaster.schema import HOUR, WINDOW, ForecastWarning, InputKind

Inputs = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Window:
    """What one of many forecasts is made from."""

    snapshot: Snapshot
    other: Snapshot | None = None  # the other symbol's
    fine: Snapshot | None = None  # the newest five-minute candles, 289 of them or more, that end where the hours do
    bare: bool = False  # closes are all there is: opens, highs, lows and volumes only stand in for them


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A window whose candles can be forecast from."""

    window: Window
    kind: InputKind
    candles: Candles  # without a hole, all that were given
    filled: int  # of the hours that are read

    @classmethod
    def of(cls, window: Window) -> Self:
        """Raises InvalidInput when there are too few candles or too long a gap."""
        given = window.snapshot.candles
        candles, filled = given.filled()
        if filled or len(candles) < WINDOW:
            gapless(given, WINDOW)  # refuses what says nothing about the present
        kind: InputKind = "closes_only" if window.bare or len(candles) < LOOKBACK else "full"
        hours = WINDOW if kind == "closes_only" else LOOKBACK
        return cls(window, kind, candles, hours - len(given.since(int(candles.time[-hours]))) if filled else 0)

    @property
    def group(self) -> tuple[InputKind, str]:
        """Those of one group can be run together."""
        return self.kind, self.window.snapshot.symbol

    @property
    def pair(self) -> tuple[Candles, Candles | None]:
        """The newest 289 hours, and what is known of the other symbol."""
        other = self.window.other
        return self.candles[-LOOKBACK:], other.candles if other else None

    @property
    def minutes(self) -> Minutes:
        """What the five-minute candles tell at the close of the newest hour (1,)."""
        fine = self.window.fine
        return Minutes.of(fine.candles, self.candles.time[-1:] + HOUR) if fine else Minutes.unknown(1)

    def flags(self, foreign: bool) -> list[Flag]:
        """What to say of the candles; `foreign` where they are unlike those of training."""
        flags = gaps_flag(self.filled, WINDOW if self.kind == "closes_only" else LOOKBACK)
        if self.kind == "closes_only":
            count = len(self.candles)
            words = f"{count} hours of candles are at hand and {LOOKBACK} are needed, so only closes were used"
            if self.window.bare:
                words = f"closes are all that was given, and the newest {WINDOW} of them were used"
            flags.append((ForecastWarning.CLOSES_ONLY, words))
        if foreign:
            words = "the last hours are unlike those that the model was trained on"
            flags.append((ForecastWarning.OUT_OF_DISTRIBUTION, words))
        return flags


def inputs_of(alike: Sequence[Reading]) -> Inputs:
    """What the network is given for readings of one group."""
    if alike[0].kind == "closes_only":
        return bare_inputs(np.stack([each.candles.close[-WINDOW:] for each in alike]))
    if len(alike) == 1:
        return hours_of(Tape.of(*alike[0].pair), WINDOW, 1, alike[0].minutes).newest()
    tape = Tape.side_by_side([each.pair for each in alike])
    minutes = Minutes.unknown(len(alike), 1)
    if any(each.window.fine for each in alike):
        minutes = Minutes.stacked([each.minutes for each in alike])
    return hours_of(tape, WINDOW, 1, minutes).newest()
