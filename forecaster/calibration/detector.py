"""Turns moves, and the forecasts issued before them, into scores; and a budget of false alarms into a limit.

    span           hours over which a move is judged: 1 for a jump, 6 for a drift
    probability    of a move as extreme, up or down, under the forecast issued when the span began
    score          the smaller probability of both spans: small is surprising
    recent         how the scores of the months before compare with validation's: tails change over the years
    limit          an hour alarms when its adjusted score is at or below it
    alarm          stands for the 6 hours after it too, so one event raises one alarm

A budget of one false alarm in N days is kept by the limit that validation hours fell below once in N days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.calibration.tail import Tail
from forecaster.features import KINDS
from forecaster.quantiles import Floats
from forecaster.schema import Frozen, InputKind

SPANS = (1, 6)  # hours
STANDS = 6  # hours after an alarm that belong to it
ANCHORS = (1.0, 3.0, 10.0)  # days once in which validation hours alarm at the limits that are kept
FEWEST = 20  # alarms on validation hours that a kept limit rests on
RAREST = 1000.0  # days: how rare a score is told to be at most
HALF_LIFE = 90 * 24  # hours: how long a score counts as recent
LOW, LEAST = 0.1, 1e-4  # recent scores below it count, and how far down: a freak hour counts once
FARTHEST = 2.0  # times from validation's, at most, that recent scores are taken to be

_DECAY = 0.5 ** (1 / HALF_LIFE)

Parts = Sequence[tuple[Floats, Floats]]  # of each market: forecasts (n, 24, Q) and moves (n, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """How the scores before each of (n,) hours compare with those of validation hours."""

    share: Floats  # (n,) low scores are so many times as frequent
    power: Floats  # (n,) below 1 where the tail has been heavier

    def adjusted(self, scores: Floats) -> Floats:
        """Scores (n,) or (n, k) as they would have been had the recent hours been like validation's."""
        share, power = (each.reshape(-1, *[1] * (scores.ndim - 1)) for each in (self.share, self.power))
        low = np.minimum(scores / LOW, 1.0) ** power
        return np.minimum(share * LOW * low * np.maximum(scores / LOW, 1.0), 1.0)

    def at(self, hours: NDArray[np.int64]) -> "Recent":
        """Of some of the hours."""
        return Recent(self.share[hours], self.power[hours])


class Past(Frozen):
    """Sums over all hours so far, an hour counting half as much every 90 days later."""

    hours: float = Field(gt=0)
    low: float = Field(gt=0, description="hours with a low score")
    depth: float = Field(gt=0, description="of the low scores")


class Usual(Frozen):
    """The low scores of validation hours."""

    share: float = Field(gt=0, le=1, description="of the hours")
    depth: float = Field(gt=0, description="mean log of how far they lie below 0.1; 1 where scores are uniform")

    @classmethod
    def of(cls, scores: Sequence[Floats]) -> Self:
        """From the scores of each market (n,), some of which are low."""
        together = np.concatenate(scores)
        low = together < LOW
        return cls(share=float(low.mean()), depth=float(_depth(together[low]).mean()))

    @property
    def past(self) -> Past:
        """Of a market that has always been like the validation hours."""
        hours = 1 / (1 - _DECAY)
        return Past(hours=hours, low=hours * self.share, depth=hours * self.share * self.depth)

    def recent(self, scores: Floats, past: Past) -> tuple[Recent, Past]:
        """What is recent at each of consecutive hours (n,), from the hours before it alone; and the past after them.

        The depth is the estimator of Hill (1975), "A simple general approach to inference about the tail of a
        distribution".
        """
        sums = np.empty((len(scores) + 1, 3))
        sums[0] = past.hours, past.low, past.depth
        for hour, new in enumerate(np.stack([np.ones(len(scores)), scores < LOW, _depth(scores)], axis=1)):
            sums[hour + 1] = _DECAY * sums[hour] + new
        hours, low, depth = sums[:-1].T
        share, power = low / hours / self.share, self.depth * low / depth
        recent = Recent(*(np.clip(each, 1 / FARTHEST, FARTHEST) for each in (share, power)))
        return recent, Past(**dict(zip(("hours", "low", "depth"), sums[-1].tolist(), strict=True)))


class Detector(Frozen):
    """Scores moves, and knows how rare a score is. For one kind of input."""

    tails: tuple[Tail, Tail] = Field(description="of the forecasts for 1 and for 6 hours")
    limits: tuple[tuple[float, float], ...] = Field(
        min_length=1, description="(days, score): alarms at or below it come once in so many days; from common to rare"
    )

    @classmethod
    def tails_of(cls, parts: Parts) -> Self:
        """With the tails of these hours, and without limits. Raises DataFileError where there are too few hours."""
        quantiles = np.concatenate([lagged(issued) for issued, _ in parts])
        outcome = np.concatenate([moved for _, moved in parts])
        tails = Tail.of(quantiles[:, 0], outcome[:, 0]), Tail.of(quantiles[:, 1], outcome[:, 1])
        return cls(tails=tails, limits=((1 / 24, 1.0),))  # every hour's score is 1 or less

    def limited(self, scores: Sequence[Floats]) -> Self:
        """With limits from the adjusted scores of each market's hours (n,), a conformal quantile of alarms."""
        days = sum(len(each) for each in scores) / 24
        kept = [anchor for anchor in ANCHORS if days / anchor >= FEWEST]
        limits = tuple((anchor, limit_for(scores, days / anchor)) for anchor in kept)
        return self.model_copy(update={"limits": self.limits[:1] + limits})

    def probabilities(self, spoken: Floats, moved: Floats) -> Floats:
        """Two-sided tail probabilities (n, 2) of moves (n, 2) under `lagged` forecasts (n, 2, Q)."""
        return np.stack([tail.probability(spoken[:, i], moved[:, i]) for i, tail in enumerate(self.tails)], axis=1)

    def limit(self, days: float) -> float:
        """The score at or below which alarms come once in `days` where nothing is wrong.

        Between the limits that were measured it is interpolated; beyond the last, half the score is half as frequent.
        """
        known, scores = np.log(self.limits).T
        return float(np.exp(np.interp(np.log(days), known, scores)) * min(1.0, self.limits[-1][0] / days))

    def once_in(self, scores: Floats) -> Floats:
        """Days (n,) once in which adjusted scores (n,) as small raise an alarm; 1000 where they are rarer."""
        known, limits = np.log(self.limits).T
        days = np.exp(np.interp(np.log(scores), limits[::-1], known[::-1]))
        once_in: Floats = np.minimum(days * np.maximum(1.0, self.limits[-1][1] / scores), RAREST)
        return once_in


class Detectors(Frozen):
    """A detector for each kind of input, fitted on validation hours.

    What is recent is always told by the scores of forecasts from closes: of 300 candles they judge ten days.
    """

    full: Detector
    closes_only: Detector
    usual: Usual
    past: dict[str, Past] = Field(default={}, description="by symbol, after the hours that were graded")

    @classmethod
    def of(cls, parts: Mapping[InputKind, Parts]) -> Self:
        """Fit on the same hours by both kinds of input, calibrated. Raises DataFileError where there are too few."""
        detectors = {kind: Detector.tails_of(parts[kind]) for kind in KINDS}
        scores = {
            kind: [score(detector.probabilities(lagged(issued), moved)) for issued, moved in parts[kind]]
            for kind, detector in detectors.items()
        }
        usual = Usual.of(scores["closes_only"])
        recent = [usual.recent(each, usual.past)[0] for each in scores["closes_only"]]
        adjusted = {
            kind: [each.adjusted(raw) for each, raw in zip(recent, scores[kind], strict=True)] for kind in KINDS
        }
        limited = {kind: detectors[kind].limited(adjusted[kind]) for kind in KINDS}
        return cls(full=limited["full"], closes_only=limited["closes_only"], usual=usual)

    def of_kind(self, kind: InputKind) -> Detector:
        """The one for that kind of input."""
        return self.full if kind == "full" else self.closes_only

    def past_of(self, symbol: str) -> Past:
        """Where following goes on: the end of the graded hours, or validation."""
        return self.past.get(symbol, self.usual.past)


def moves(close: Floats) -> Floats:
    """Log returns over the spans up to each of closes (n + 1,) but the first: (n, 2), NaN where a span is longer."""
    log = np.log(close)
    moved = np.full((len(close) - 1, len(SPANS)), np.nan)
    for column, span in enumerate(SPANS):
        moved[span - 1 :, column] = log[span:] - log[:-span]
    return moved


def lagged(issued: Floats) -> Floats:
    """Of forecasts issued at consecutive closes (n, 24, Q), those that speak of the moves up to the next close.

    (n, 2, Q), NaN where the forecast of a span was issued before the first.
    """
    spoken = np.full((len(issued), len(SPANS), issued.shape[-1]), np.nan)
    for column, span in enumerate(SPANS):
        spoken[span - 1 :, column] = issued[: len(issued) - span + 1, span - 1]
    return spoken


def score(probabilities: Floats) -> Floats:
    """The smaller of both (n, 2) -> (n,), or one alone where the other is unknown."""
    smaller: Floats = np.fmin.reduce(probabilities, axis=1)
    return smaller


def alarms(scores: Floats, limit: float) -> NDArray[np.int64]:
    """Which of consecutive hours (n,) raise an alarm, none within 6 hours of the one before."""
    raised: list[int] = []
    for hour in np.flatnonzero(scores <= limit).tolist():
        if not raised or hour - raised[-1] > STANDS:
            raised.append(hour)
    return np.array(raised, dtype=np.int64)


def limit_for(scores: Sequence[Floats], most: float) -> float:
    """The largest score at which the hours of all markets (n,) raise at most `most` alarms together, or one."""
    ranked = np.sort(np.concatenate(scores))
    low, high = 0, len(ranked) - 1  # a larger limit never raises fewer alarms
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(len(alarms(each, ranked[middle])) for each in scores) <= most
        low, high = (middle, high) if fits else (low, middle - 1)
    return float(ranked[low])


def _depth(scores: Floats) -> Floats:
    """Log of how far scores (n,) lie below the low ones' upper end; 0 where they do not."""
    depth: Floats = np.log(LOW / np.clip(scores, LEAST, LOW))
    return depth
