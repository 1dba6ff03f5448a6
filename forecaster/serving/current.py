"""What one model says live: the first forecast issued at a candle stands, and everybody gets it until the next closes.

So an id means the same numbers in every answer, in the ledger and in what bands learn from, and a process that starts
goes on where the ledger says that another left off.
"""

from dataclasses import replace

from cachetools import LRUCache

from forecaster.anomalies import Monitor
from forecaster.errors import ArtifactError
from forecaster.inference import Predictor, Window
from forecaster.ledger import Past
from forecaster.market import Snapshot
from forecaster.schema import MOST_SERIES, Forecast, ForecastWarning
from forecaster.serving.followed import Following

OF_SOURCES = (  # what is told of a moment, before what a model tells of its input
    ForecastWarning.STALE_CANDLES,
    ForecastWarning.CLOCK_SKEW,
    ForecastWarning.DEMO_DATA,
    ForecastWarning.HOURLY,
    ForecastWarning.SOURCES_DISAGREE,
)
Key = tuple[str, str, bool, float]  # symbol, source, whether it is made from hours of the clock alone, as_of (Unix s)


class Standing:
    """The newest forecasts of a model by symbol and source, followed; and its monitor of live hours, if it has one."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._monitor = Monitor.of(predictor)
        self._following = Following(predictor)
        # and what was known then; those before the newest too, since a source's clock may be set back
        self._issued: LRUCache[Key, tuple[Snapshot, Forecast]] = LRUCache(MOST_SERIES)
        # the newest that an earlier process issued
        self._restored: LRUCache[tuple[str, str], Forecast | None] = LRUCache(MOST_SERIES)

    def forecast(self, window: Window, hours: Snapshot | None = None) -> tuple[Forecast, Forecast]:
        """The forecast of all horizons at the window's newest candle: as it was issued, and as it is told now.

        `hours` of the clock tell outcomes too. Raises what Predictor.standing raises.
        """
        snapshot = window.snapshot
        key = _key(snapshot)
        found = self._issued.get(key) or self._taken_over(snapshot)
        then, issued = found or (snapshot, self._new(window, hours))
        self._issued[key] = then, issued
        return issued, _aged(issued, then, snapshot)

    def stands(self, snapshot: Snapshot) -> bool:
        """Whether the forecast at the snapshot's newest candle is issued: then `forecast` asks no network."""
        return _key(snapshot) in self._issued

    def is_new(self, symbol: str, source: str) -> bool:
        """Whether it has yet to be told what an earlier process issued there."""
        return (symbol, source) not in self._restored

    def restore(self, symbol: str, source: str, past: Past | None) -> None:
        """Go on where an earlier process left off, or from the graded hours; the first call counts."""
        if self.is_new(symbol, source):
            newest = past.newest or (past.open[-1][0] if past.open else None) if past else None
            self._restored[symbol, source] = newest
            if newest:  # what was told here while the ledger did not answer gives way to it
                hourly = ForecastWarning.HOURLY in newest.warnings
                self._issued.pop((symbol, source, hourly, newest.as_of.timestamp()), None)
            if past is not None:
                self._following.restore(symbol, source, past)

    @property
    def live_monitor(self) -> Monitor:
        """What judges live hours, one after another. Raises ArtifactError where the model cannot."""
        return _able(self._monitor)

    def new_monitor(self) -> Monitor:
        """One that remembers none of them. Raises ArtifactError where the model cannot."""
        return _able(Monitor.of(self.predictor))

    def _taken_over(self, now: Snapshot) -> tuple[Snapshot, Forecast] | None:
        """What an earlier process issued at the same candle, and what was known then."""
        issued = self._restored.get((now.symbol, now.source))
        if issued is None or issued.as_of.timestamp() != now.as_of:
            return None
        if (ForecastWarning.HOURLY in issued.warnings) != (ForecastWarning.HOURLY in now.warnings):
            return None  # it was made from other candles
        told = sum(warning in OF_SOURCES for warning in issued.warnings)  # these come first
        return replace(now, warnings=issued.warnings[:told], notes=issued.notes[:told]), issued

    def _new(self, window: Window, hours: Snapshot | None) -> Forecast:
        trackers = self._following.trackers(window, hours)
        issued = self.predictor.standing(window, trackers)
        self._following.remember(issued)
        return issued


def _key(snapshot: Snapshot) -> Key:
    return snapshot.symbol, snapshot.source, ForecastWarning.HOURLY in snapshot.warnings, float(snapshot.as_of)


def _able(monitor: Monitor | None) -> Monitor:
    if monitor is None:
        raise ArtifactError("The loaded model does not judge anomalies.", "Load one that was trained to.")
    return monitor


def _aged(issued: Forecast, then: Snapshot, now: Snapshot) -> Forecast:
    """A forecast as it is told later, at a snapshot with the same newest candle: candles grow old."""
    if now is then:
        return issued
    update = {
        "age_seconds": now.age,
        "warnings": tuple(dict.fromkeys((*now.warnings, *issued.warnings[len(then.warnings) :]))),
        "notes": tuple(dict.fromkeys((*now.notes, *issued.notes[len(then.notes) :]))),
    }
    return issued.model_copy(update=update)
