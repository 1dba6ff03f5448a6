"""Follows the forecasts that were issued: once an hour they spoke of has closed, the next bands know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
from cachetools import LRUCache

from forecaster.calibration import Tracker
from forecaster.inference import Predictor, Window
from forecaster.ledger import Past
from forecaster.market import Snapshot
from forecaster.quantiles import HORIZONS, Floats
from forecaster.schema import HOUR, MOST_SERIES, Forecast, ForecastWarning, InputKind

PATIENCE = 3 * HORIZONS  # hours after which a close that is still missing is not waited for any more


@dataclass(slots=True)
class _Issued:
    """A forecast of log returns (24, Q) from `last`, whose horizons up to `settled` hours were looked at."""

    kind: InputKind
    last: float
    returns: Floats
    settled: int = 0


@dataclass(slots=True)
class _Followed:
    """The trackers of one symbol at one source, and what is still open there, by `as_of` (Unix s)."""

    trackers: dict[InputKind, Tracker]
    open: dict[int, _Issued] = field(default_factory=dict)

    def wait_for(self, as_of: int, issued: _Issued) -> None:
        """Follow the first forecast of each hour of the clock: bands learn at the pace at which they were graded."""
        if not any(each // HOUR == as_of // HOUR for each in self.open):
            self.open[as_of] = issued


class Following:
    """The trackers of one predictor. Each symbol and source is followed for itself; safe to share between threads."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._followed: LRUCache[tuple[str, str], _Followed] = LRUCache(MOST_SERIES)
        self._lock = Lock()

    def trackers(self, window: Window, hours: Snapshot | None = None) -> dict[InputKind, Tracker]:
        """What is known at the window's newest candle; empty where the model's bands do not follow their coverage.

        Outcomes are the closes of its five minutes and of `hours` of the clock; its own without minutes.
        """
        snapshot = window.snapshot
        closes = _closes(snapshot.source, *((window.fine, hours) if window.fine else (snapshot,)))
        with self._lock:
            followed = self._of(snapshot.symbol, snapshot.source)
            for as_of, issued in sorted(followed.open.items()):
                _settle(issued, as_of, snapshot.as_of, closes, followed.trackers[issued.kind])
                if issued.settled == HORIZONS or as_of < snapshot.as_of - PATIENCE * HOUR:
                    del followed.open[as_of]
            return {kind: Tracker.of(tracker.widths) for kind, tracker in followed.trackers.items()}

    def remember(self, forecast: Forecast) -> None:
        """Wait for what becomes of a forecast of all 24 hours; the first issued in an hour of the clock counts."""
        with self._lock:
            _wait_for(self._of(forecast.symbol, forecast.source), forecast)

    def restore(self, symbol: str, source: str, past: Past) -> None:
        """Go on where another process left off, whose forecasts of this model a ledger kept.

        What was issued here since is followed from its first hour again: the ledger may know of its outcomes too.
        """
        with self._lock:
            before = self._followed.pop((symbol, source), None)
            followed = self._of(symbol, source)
            past.teach(followed.trackers)
            for forecast, settled in past.open:
                _wait_for(followed, forecast, settled)
            for as_of, issued in before.open.items() if before else ():
                followed.wait_for(as_of, replace(issued, settled=0))

    def _of(self, symbol: str, source: str) -> _Followed:
        key = (symbol, source)
        if key not in self._followed:
            self._followed[key] = _Followed(self._predictor.trackers(symbol))
        return self._followed[key]


def _wait_for(followed: _Followed, forecast: Forecast, settled: int = 0) -> None:
    """Follow a forecast of all 24 hours, of which the first `settled` were looked at."""
    hourly = [horizon for horizon in forecast.horizons if horizon.hours is not None]
    if followed.trackers and len(hourly) == HORIZONS:
        kind: InputKind = "closes_only" if ForecastWarning.CLOSES_ONLY in forecast.warnings else "full"
        prices = np.array([list(horizon.quantiles.values()) for horizon in hourly])  # (24, Q)
        issued = _Issued(kind, forecast.last_close, np.log(prices / forecast.last_close), settled)
        followed.wait_for(int(forecast.as_of.timestamp()), issued)


def _closes(source: str, *snapshots: Snapshot | None) -> dict[int, float]:
    """Closes of one source by their time (Unix s)."""
    found: dict[int, float] = {}
    for each in snapshots:
        if each is not None and each.source == source:
            ends = each.candles.time + each.candles.step
            found |= zip(ends.tolist(), each.candles.close.tolist(), strict=True)
    return found


def _settle(issued: _Issued, as_of: int, now: int, closes: Mapping[int, float], tracker: Tracker) -> None:
    """Tell the tracker of each hour that has closed since, up to `now`; one without a close is left out."""
    last = min(HORIZONS, (now - as_of) // HOUR)
    due = [hour for hour in range(issued.settled + 1, last + 1) if as_of + hour * HOUR in closes]
    if due:
        outcome = np.log(np.array([closes[as_of + hour * HOUR] for hour in due]) / issued.last)
        ahead = np.array(due)
        tracker.settle(ahead, issued.returns[ahead - 1], outcome)
    issued.settled = max(issued.settled, last)
