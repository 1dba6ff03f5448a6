"""Judges closed hours by the forecasts issued before them: how surprising was this move, and is that an alarm?

    candles --forecasts issued at each earlier hour, from candles up to that hour alone--> quantiles
    quantiles and what followed --detector.py--> scores --budget of false alarms--> anomalies

An hour is judged by forecasts from candles of the coin and its companion where 294 hours precede it, else by
forecasts from closes alone, and says which.
"""

from dataclasses import dataclass, fields
from threading import Lock
from typing import Self

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray
from pydantic import AwareDatetime, Field

from forecaster.calibration import (
    HALF_LIFE,
    RAREST,
    SPANS,
    Calibration,
    Detectors,
    Recent,
    alarms,
    lagged,
    moves,
    score,
)
from forecaster.errors import InvalidInput
from forecaster.features import LOOKBACK, Hours, Tape, hours_of
from forecaster.inference import Engine, Flag, Predictor, gaps_flag
from forecaster.market import Snapshot, gapless, utc
from forecaster.quantiles import Floats
from forecaster.schema import HOUR, MOST_SERIES, WINDOW, ForecastWarning, Frozen, InputKind, Provenance

BEFORE = SPANS[-1]  # hours before a judged one at which the earliest of its forecasts was issued
FIRST = {"closes_only": WINDOW - 1 + BEFORE, "full": LOOKBACK - 1 + BEFORE}  # hours before the first that is judged
MOST_HOURS = 300 - FIRST["closes_only"]  # hours judged, of what one call to every exchange gives
LARGEST_BUDGET = 365.0  # days
KEPT = 4 * HALF_LIFE  # hours whose scores are remembered
MARKS = 12  # of an hour, at which hours of five-minute candles end
# So many times the alarms of one mark are raised at all twelve together: see docs/benchmarks.md.
LOOKS = 2.0
LARGEST = 690.0  # of the log of a price, about 1e300: the band of a broken market is still a number


class Surprise(Frozen):
    """How surprising an hour's close was, given the forecasts issued before it."""

    time: AwareDatetime = Field(description="when the hour closed")
    close: float = Field(gt=0)
    span_hours: int = Field(description="hours over which the move surprised most: 1 for a jump, 6 for a drift")
    move_pct: float = Field(description="over these hours")
    expected_low: float = Field(gt=0, description="of the 95 % band for this close, forecast when the move began")
    expected_high: float = Field(gt=0)
    tail_probability: float = Field(gt=0, le=1, description="of a move as extreme, up or down, by that forecast")
    once_in_days: float = Field(gt=0, le=RAREST, description="how rare hours as surprising are, 1000 at most")
    rarity: str = Field(description="the same in words")
    anomalous: bool = Field(description="at least as rare as the budget")
    input: InputKind = Field(description="what its forecasts were made from")


class AnomalyReport(Provenance):
    """The newest hours of a symbol, judged."""

    hours: int = Field(gt=0, description="newest hours that were judged")
    budget_days: float = Field(description="about one false alarm in so many days")
    expected_alarms: float = Field(description="what the budget allows in these hours where nothing is wrong")
    newest: Surprise
    anomalies: tuple[Surprise, ...] = Field(
        description="hours that raised an alarm, oldest first; each stands for the 6 hours after it too"
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Consecutive hours, each with the more surprising of its two moves; all (n,)."""

    time: NDArray[np.int64]  # close, Unix s
    close: Floats
    span: NDArray[np.int64]  # hours
    moved: Floats  # log return
    low: Floats  # 95 % band of the close
    high: Floats
    probability: Floats
    full: NDArray[np.bool_]  # judged from candles, not from closes alone


class Monitor:
    """Judges the newest hours of a symbol, and remembers their scores; safe to share between threads.

    How rare a score is follows the scores of the months before: those that this monitor has seen of the symbol at
    its source, and before them those of the hours that the model was graded on.
    """

    def __init__(self, engine: Engine, calibration: Calibration, detectors: Detectors) -> None:
        self._engine = engine
        self._calibration = calibration
        self._detectors = detectors
        # by symbol, source and the minute of the hour at which hours end, then by close (Unix s)
        self._seen: LRUCache[tuple[str, str, int], dict[int, float]] = LRUCache(MARKS * MOST_SERIES)
        self._lock = Lock()

    @classmethod
    def of(cls, predictor: Predictor) -> Self | None:
        """One that judges by this model's forecasts and remembers no hour yet; None where the model cannot judge."""
        return cls(*predictor.detection) if predictor.detection else None

    def report(
        self, snapshot: Snapshot, hours: int, days: float, other: Snapshot | None = None, *, often: bool = False
    ) -> AnomalyReport:
        """Judge the newest `hours`, or as many as the candles allow, at a budget of one false alarm in `days`.

        `other` is the companion's snapshot, where it could be had. Where somebody looks `often`, every five minutes
        at hours that end then, the budget is kept by all these looks together. Raises InvalidInput outside 1 to 235
        hours and 1 to 365 days, and when the snapshot holds too few candles or too long a gap.
        """
        if not 1 <= hours <= MOST_HOURS:
            raise InvalidInput(f"{hours} hours cannot be judged.", f"Ask for 1 to {MOST_HOURS} hours.")
        if not 1 <= days <= LARGEST_BUDGET:
            raise InvalidInput(
                "No limit is known for that budget of false alarms.", "Ask for one in 1 to 365 days, such as 10."
            )
        gapless(snapshot.candles, FIRST["closes_only"] + 1)  # refuses what says nothing about the present
        judged, once_in = self._judged(snapshot, Tape.of(snapshot.candles, other.candles if other else None))
        looks = LOOKS if often else 1.0
        once_in = once_in / looks
        shown = range(max(len(once_in) - hours, 0), len(once_in))
        raised = alarms(1 / once_in, 1 / days)  # of all hours: an alarm before the shown ones may still stand
        flags = _flags(snapshot, len(shown), bool(judged.full[-1]))
        return AnomalyReport(
            symbol=snapshot.symbol,
            source=snapshot.source,
            quote=snapshot.quote,
            as_of=utc(snapshot.as_of),
            age_seconds=snapshot.age,
            warnings=(*snapshot.warnings, *(warning for warning, _ in flags)),
            notes=(*snapshot.notes, *(words for _, words in flags)),
            hours=len(shown),
            budget_days=days,
            expected_alarms=len(shown) / 24 / days / looks,
            newest=_surprise(judged, once_in, len(once_in) - 1, days),
            anomalies=tuple(_surprise(judged, once_in, row, days) for row in raised.tolist() if row in shown),
        )

    def _judged(self, snapshot: Snapshot, tape: Tape) -> tuple[_Judged, Floats]:
        """Every hour that has forecasts, and the days (n,) once in which hours as surprising come.

        Changing an hour changes nothing that is judged before it.
        """
        features, first, end = hours_of(tape), FIRST["closes_only"], len(tape.close)
        closes = self._part(tape, features, "closes_only", first, end)
        recent = self._recent(snapshot, closes)
        once_in = self._detectors.closes_only.once_in(recent.adjusted(closes.probability))
        if end <= FIRST["full"]:
            return closes, once_in
        full = self._part(tape, features, "full", FIRST["full"], end)
        newest = np.arange(FIRST["full"], end) - first
        once_in[newest] = self._detectors.full.once_in(recent.at(newest).adjusted(full.probability))
        columns = ((getattr(closes, each.name)[: newest[0]], getattr(full, each.name)) for each in fields(_Judged))
        return _Judged(*map(np.concatenate, columns)), once_in

    def _recent(self, snapshot: Snapshot, closes: _Judged) -> Recent:
        """What is recent at each hour; the score first seen of an hour counts."""
        with self._lock:
            seen = self._seen.setdefault((snapshot.symbol, snapshot.source, snapshot.as_of % HOUR), {})
            for time, score_ in zip(closes.time.tolist(), closes.probability.tolist(), strict=True):
                seen.setdefault(time, score_)
            times = sorted(seen)
            for time in times[:-KEPT]:
                del seen[time]
            times = times[-KEPT:]
            scores = np.array([seen[time] for time in times])
        recent, _ = self._detectors.usual.recent(scores, self._detectors.past_of(snapshot.symbol))
        return recent.at(np.searchsorted(times, closes.time))

    def _part(self, tape: Tape, features: Hours, kind: InputKind, first: int, end: int) -> _Judged:
        """The hours from `first` to `end`, judged by forecasts of one kind."""
        issued_at = np.arange(first - BEFORE, end - 1)
        quantiles = self._engine.run(features.inputs(issued_at, kind)).astype(np.float64)
        spoken = lagged(self._calibration.of(kind).apply(quantiles))[BEFORE - 1 :]  # (n, 2, Q)
        moved = moves(tape.close[first - BEFORE : end])[BEFORE - 1 :]  # (n, 2)
        probabilities = self._detectors.of_kind(kind).probabilities(spoken, moved)
        row, column = np.arange(len(moved)), probabilities.argmin(axis=1)
        span = np.array(SPANS)[column]
        began = np.log(tape.close[np.arange(first, end) - span])
        low, high = (np.exp(np.clip(began + spoken[row, column, i], -LARGEST, LARGEST)) for i in (0, -1))
        return _Judged(
            time=tape.time[first:end] + HOUR,
            close=tape.close[first:end],
            span=span,
            moved=moved[row, column],
            low=low,
            high=high,
            probability=score(probabilities),
            full=np.full(len(row), kind == "full"),
        )


def within(fine: Snapshot) -> int:
    """How many of the newest hours can be judged at the mark where five-minute candles end: their moves lie within."""
    return (fine.as_of - int(fine.candles.time[0])) // HOUR - BEFORE


def in_words(days: float) -> str:
    """How rare something is that comes once in `days`."""
    if days < 0.75:
        return "several times a day"
    if days < 1.5:
        return "about once a day"
    if days < 60:
        return f"about once in {days:.0f} days"
    return f"about once in {days / 30.4:.0f} months" if days < 365 else "less than once in a year"


def _surprise(judged: _Judged, rarity: Floats, row: int, days: float) -> Surprise:
    once_in = float(rarity[row])
    return Surprise(
        time=utc(int(judged.time[row])),
        close=float(judged.close[row]),
        span_hours=int(judged.span[row]),
        move_pct=float(100 * np.expm1(min(judged.moved[row], LARGEST))),
        expected_low=float(judged.low[row]),
        expected_high=float(judged.high[row]),
        tail_probability=float(judged.probability[row]),
        once_in_days=once_in,
        rarity=in_words(once_in),
        anomalous=once_in >= days,
        input="full" if judged.full[row] else "closes_only",
    )


def _flags(snapshot: Snapshot, hours: int, full: bool) -> list[Flag]:
    """What to say of the candles behind the newest `hours`."""
    whole = len(snapshot.candles.filled()[0])
    read = min(whole, hours + (FIRST["full"] if full else FIRST["closes_only"]))
    flags = gaps_flag(read - len(snapshot.candles.since(snapshot.as_of - HOUR * read)), read)
    if not full:
        words = f"{whole} hours of candles are at hand and {FIRST['full'] + 1} are needed, so only closes were used"
        flags.append((ForecastWarning.CLOSES_ONLY, words))
    return flags
