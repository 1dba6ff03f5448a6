"""Serves the quantile recipe: 24 distributions at once from candles of both symbols, or from 60 closes alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.candles import Candles, utc
from forecaster.conformal import Calibration
from forecaster.data.source import Snapshot
from forecaster.engine import Engine
from forecaster.errors import InvalidInput
from forecaster.familiarity import Familiarity
from forecaster.features import LOOKBACK, WINDOW, Tape, gapless, hours_of
from forecaster.features.hours import KINDS
from forecaster.issuer import Flag, Issuer, checked_closes, gaps_flag
from forecaster.quantiles import KEYS, MEDIAN, Floats, median_move, probability_up
from forecaster.schema import HOUR, Forecast, ForecastWarning, Horizon, InputKind
from forecaster.tracker import Tracker

NEWEST = np.array([WINDOW - 1])  # the row of the newest hour among the newest 60


class QuantilePredictor(Issuer):
    """A Predictor of 1 to 24 hours ahead, at any price level.

    With fewer than 289 hours of candles a forecast is made from the newest 60 closes alone, which is what the
    network was trained and graded on where candles are missing, and says `closes_only`.
    """

    reads_other_symbol = True

    def __init__(self, artifact: Artifact, engine: Engine) -> None:
        super().__init__(artifact)
        self._engine = engine
        self._familiarity = Familiarity.model_validate_json(artifact.files["scaling.json"])
        self._calibration = Calibration.model_validate_json(artifact.files["calibration.json"])

    def predict_next_close(self, closes: Sequence[float] | NDArray[np.float64]) -> float:
        """See Predictor."""
        window = checked_closes(closes)
        returns, _ = self._returns(Tape.of_closes(window), "closes_only")
        return float(_prices(window[-1], returns[:1])[0, MEDIAN])

    def trackers(self, symbol: str) -> dict[InputKind, Tracker]:
        """See Predictor."""
        return {kind: self._calibration.tracker(kind, symbol) for kind in KINDS}

    def forecast(
        self,
        snapshot: Snapshot,
        hours: int,
        other: Snapshot | None = None,
        trackers: Mapping[InputKind, Tracker] | None = None,
    ) -> Forecast:
        """See Predictor."""
        self.check(snapshot.symbol, hours)
        gapless(snapshot.candles, WINDOW)  # refuses what says nothing about the present
        candles = snapshot.candles.filled()[0][-LOOKBACK:]
        kind: InputKind = "full" if len(candles) == LOOKBACK else "closes_only"
        if kind == "closes_only":
            tape = Tape.of_closes(candles.close[-WINDOW:])
        else:
            tape = Tape.of(candles, other.candles if other else None)
        returns, foreign = self._returns(tape, kind)
        returns = (trackers or self.trackers(snapshot.symbol))[kind].apply(returns)
        horizons = _horizons(float(candles.close[-1]), returns[:hours], snapshot.as_of)
        return self.issue(snapshot, horizons, _flags(snapshot.candles, candles, kind, foreign), kind)

    def _returns(self, tape: Tape, kind: InputKind) -> tuple[Floats, bool]:
        """Calibrated quantiles of the log return (24, Q), and whether the hour is unlike any in training."""
        inputs = hours_of(tape, WINDOW, 1).inputs(NEWEST, kind)
        quantiles = self._engine.run(inputs).astype(np.float64)  # (1, 24, Q)
        foreign = self._familiarity.is_foreign(inputs["context"], kind)
        return self._calibration.of(kind).apply(quantiles)[0], foreign


def _horizons(last: float, returns: Floats, as_of: int) -> tuple[Horizon, ...]:
    """Distributions of the closes after `last`, from quantiles of the log return (hours, Q)."""
    prices = _prices(last, returns)
    up, move = probability_up(returns).tolist(), (100 * median_move(returns)).tolist()
    return tuple(
        Horizon(
            hours=hour,
            target_time=utc(as_of + hour * HOUR),
            median=quantiles[MEDIAN],
            quantiles=dict(zip(KEYS, quantiles, strict=True)),
            probability_up=up[hour - 1],
            expected_move_pct=move[hour - 1],
        )
        for hour, quantiles in enumerate(prices.tolist(), start=1)
    )


def _prices(last: float, returns: Floats) -> Floats:
    """Prices of log returns (hours, Q). Raises InvalidInput where they would be none."""
    with np.errstate(over="ignore", under="ignore"):
        prices: Floats = last * np.exp(returns)
    if not np.isfinite(prices).all() or (prices <= 0).any():
        raise InvalidInput(
            "The model has no forecast after moves like these.", "Send hourly prices of one coin in one currency."
        )
    return prices


def _flags(given: Candles, used: Candles, kind: InputKind, foreign: bool) -> list[Flag]:
    hours = WINDOW if kind == "closes_only" else LOOKBACK
    flags = gaps_flag(hours - len(given.since(int(used.time[-hours]))), hours)
    if kind == "closes_only":
        words = f"{len(used)} hours of candles are at hand and {LOOKBACK} are needed, so only closes were used"
        flags.append((ForecastWarning.CLOSES_ONLY, words))
    if foreign:
        words = "the last hours are unlike those that the model was trained on"
        flags.append((ForecastWarning.OUT_OF_DISTRIBUTION, words))
    return flags
