"""Moves put into a market's past, and what a detector would have made of them.

    jump     one hour closes higher or lower by some sigmas; the forecasts it is judged by do not see it
    drift    six hours, each by a sixth of sqrt(6) times as much; forecasts issued on the way see what has come

A sigma is the volatility known when the move begins: EWMA of the newest 60 closes, half-life 24 h.
"""

from dataclasses import dataclass, fields, replace
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecaster.anomalies.zscore_rule import PAST, Rule
from forecaster.calibration import SPANS, Conformal, Detector, Recent, lagged, moves, score
from forecaster.features import LOOKBACK, Hours, Market, Tape, hours_of, window_volatility
from forecaster.inference import Engine, backtest
from forecaster.quantiles import Floats
from forecaster.schema import WINDOW, InputKind

Shape = Literal["jump", "drift"]
SHAPES: tuple[Shape, ...] = ("jump", "drift")
MOST: dict[Shape, int] = {"jump": 2_000, "drift": 500}  # injected of each size into each market
LONG = SPANS[-1]  # hours of a drift, and of the longer span
SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Injected:
    """Moves of one size into one market: when they begin, and by how much the log of each close is raised."""

    at: NDArray[np.int64]  # (m,) which judged hour is the first
    path: Floats  # (m, 1) of a jump, (m, 6) of a drift

    @classmethod
    def into(cls, close: Floats, rows: NDArray[np.int64], shape: Shape, sigmas: float) -> "Injected":
        """At random hours of those that follow `rows` (n,) of closes, up or down: the same ones for every size."""
        random = np.random.default_rng(SEED)
        count = max(len(rows) - LONG, 0)  # a drift ends before the data do
        at = np.sort(random.choice(count, min(MOST[shape], count), replace=False))
        sigma = window_volatility(close)[rows[at] - (WINDOW - 1)]
        size = (sigmas * sigma * random.choice([-1.0, 1.0], len(at)))[:, None]
        return cls(at, size if shape == "jump" else size * sqrt(LONG) * np.arange(1, LONG + 1) / LONG)

    @property
    def hours(self) -> int:
        """Hours at which a move may be found."""
        return int(self.path.shape[1])

    def seen(self, tape: Tape, rows: NDArray[np.int64]) -> list[Hours]:
        """Model input of the newest 65 hours up to the end of each drift, contexts of its own; none of a jump."""
        if self.hours == 1:
            return []
        starts = zip(rows[self.at].tolist(), self.path, strict=True)
        return [hours_of(drifting(tape, row, path), WINDOW + LONG - 1, LONG) for row, path in starts]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One market's consecutive hours with the forecasts they are judged by."""

    close: Floats  # (all hours of the market,)
    rows: NDArray[np.int64]  # (n,) before each judged hour
    spoken: Floats  # (n, 2, Q) log returns
    moved: Floats  # (n, 2)
    scores: Floats  # (n,) not adjusted


@dataclass(frozen=True, slots=True)
class Judge:
    """Scores hours as they were, and as they would have been with moves injected."""

    engine: Engine
    conformal: Conformal
    detector: Detector
    kind: InputKind

    def judge(self, market: Market, start: float) -> Judged:
        """The hours from `start` (Unix s) on for which the forecasts of both spans were issued since."""
        rows = market.issued(start, float("inf"))
        issued = self.conformal.apply(backtest(self.engine, market, rows, self.kind))
        known = slice(LONG - 1, None)
        spoken, moved = lagged(issued)[known], moves(market.close[rows[0] : rows[-1] + 2])[known]
        return Judged(market.close, rows[known], spoken, moved, score(self.detector.probabilities(spoken, moved)))

    def scores(self, judged: Judged, injected: Injected, seen: list[Hours], recent: Recent) -> Floats:
        """Adjusted scores (m, hours) of the hours of each move; what is recent stays what it was before the move."""
        hour = injected.at[:, None] + np.arange(injected.hours)
        steps = np.diff(injected.path, axis=1, prepend=0.0)
        moved = judged.moved[hour] + np.stack([steps, injected.path], axis=2)  # (m, hours, 2)
        spoken = judged.spoken[hour]  # (m, hours, 2, Q); those for 6 hours were issued before the move
        if seen:
            spoken[:, 1:, 0] = self._issued_anew(seen)
        flat = spoken.reshape(-1, *spoken.shape[2:]), moved.reshape(-1, moved.shape[2])
        scores = score(self.detector.probabilities(*flat)).reshape(hour.shape)
        return recent.at(injected.at).adjusted(scores)

    def _issued_anew(self, seen: list[Hours]) -> Floats:
        """Quantiles (m, 5, Q) for the next hour, issued at the first five hours of each drift."""
        rows = WINDOW - 1 + np.arange(LONG - 1)  # these hours among the newest 65
        inputs = [hours.inputs(rows, self.kind) for hours in seen]
        anew = self.engine.run({name: np.concatenate([each[name] for each in inputs]) for name in inputs[0]})
        calibrated = self.conformal.apply(anew.astype(np.float64))[:, 0]
        return calibrated.reshape(len(seen), LONG - 1, -1)


def rule_scores(rule: Rule, judged: Judged, injected: Injected) -> Floats:
    """The rule's scores (m, hours) of the hours of each move."""
    close = judged.close[judged.rows[injected.at, None] + np.arange(1 - PAST, injected.hours + 1)]
    close[:, -injected.hours :] *= np.exp(injected.path)
    return rule.score(close, injected.hours)


def drifting(tape: Tape, row: int, path: Floats) -> Tape:
    """The 295 hours up to six after `row`, with the log of the last six closes raised by `path` (6,)."""
    part = slice(row + 1 - LOOKBACK, row + LONG + 1)
    near = Tape(*(getattr(tape, each.name)[part] for each in fields(Tape)))
    close, high, low = near.close.copy(), near.high.copy(), near.low.copy()
    close[-LONG:] *= np.exp(path)
    ends = np.stack([close[-LONG - 1 : -1], close[-LONG:]])  # of each hour
    raised = np.concatenate([[0.0], path])
    middle = np.exp((raised[:-1] + raised[1:]) / 2)
    high[-LONG:] = np.maximum(high[-LONG:] * middle, ends.max(axis=0))
    low[-LONG:] = np.minimum(low[-LONG:] * middle, ends.min(axis=0))
    return replace(near, close=close, high=high, low=low)
