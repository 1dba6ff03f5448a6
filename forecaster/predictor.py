"""Candles in, Forecast out, through the same features.py that trained the model."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import LEVELS, ResidualBands
from forecaster.candles import utc
from forecaster.data.source import Snapshot
from forecaster.engine import Engine
from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.features import WINDOW, MinMaxScaling, close_windows, gapless, window_volatility
from forecaster.schema import HOUR, Forecast, ForecastWarning, Horizon, ModelRef, Report

OUTREACH = 100  # times beyond the training range: farther out the network answers one constant


class Predictor:
    """A verified model that is ready to forecast. Holds no state between calls."""

    def __init__(self, artifact: Artifact, engine: Engine) -> None:
        self.artifact = artifact
        self._engine = engine
        self._scaling = MinMaxScaling.model_validate_json(artifact.files["scaling.json"])
        self._bands = ResidualBands.model_validate_json(artifact.files["calibration.json"])
        self.ref: ModelRef = artifact.ref
        self.report: Report = artifact.report
        self.symbols = artifact.manifest.symbols
        self.longest: int = artifact.manifest.horizons

    def predict_next_close(self, closes: Sequence[float] | NDArray[np.float64]) -> float:
        """The next close after 60 closes, oldest first, in their own currency.

        Raises InvalidInput unless there are exactly 60, each finite and positive, at a level from which
        the model's answer is a price.
        """
        window = np.asarray(closes, dtype=np.float64)  # (60,)
        if window.shape != (WINDOW,) or not np.isfinite(window).all() or (window <= 0).any():
            raise InvalidInput(
                f"A forecast needs exactly {WINDOW} positive closes.", "Send them oldest first, one an hour."
            )
        low, high = self._scaling.low, self._scaling.high
        if window.min() >= low / OUTREACH and window.max() <= high * OUTREACH:
            output = self._engine.run(close_windows(window, self._scaling))
            price = float(self._scaling.to_price(output)[0, 0])
            if price > 0:
                return price
        raise InvalidInput(
            "The model has no forecast for closes at this level.",
            f"Send closes in USD: it learned from prices between {low:,.0f} and {high:,.0f}.",
        )

    def forecast(self, snapshot: Snapshot, hours: int) -> Forecast:
        """The distribution of the next closes after the snapshot's newest candle.

        Raises UnsupportedSymbol and UnsupportedHorizon for what the model never learned, InvalidInput
        when the snapshot holds too few candles or too long a gap.
        """
        self.check(snapshot.symbol, hours)
        candles, filled = gapless(snapshot.candles, WINDOW)
        warnings, notes = snapshot.warnings, snapshot.notes
        if filled:
            warnings += (ForecastWarning.GAPS_FILLED,)
            notes += (f"{filled} of the last {WINDOW} hours had no trade and were filled forward",)
        low, high = self._scaling.low, self._scaling.high
        if candles.close.min() < low or candles.close.max() > high:
            warnings += (ForecastWarning.OUT_OF_DISTRIBUTION,)
            notes += (f"the model learned from prices between {low:,.0f} and {high:,.0f} only",)
        return Forecast(
            id=self._id(snapshot),
            symbol=snapshot.symbol,  # type: ignore[arg-type]  # checked against the model's symbols above
            source=snapshot.source,
            quote=snapshot.quote,
            as_of=utc(snapshot.as_of),
            age_seconds=snapshot.age,
            last_close=float(candles.close[-1]),
            horizons=(self._next_hour(candles.close, snapshot.as_of),),
            skill=self.report.skill,
            coverage=self.report.coverage,
            warnings=warnings,
            notes=notes,
            model=self.ref,
        )

    def check(self, symbol: str, hours: int) -> None:
        """Raise UnsupportedSymbol or UnsupportedHorizon for what the model never learned."""
        if symbol not in self.symbols:
            raise UnsupportedSymbol(symbol, self.symbols)
        if not 1 <= hours <= self.longest:
            raise UnsupportedHorizon(hours, self.longest)

    def _next_hour(self, closes: NDArray[np.float64], as_of: int) -> Horizon:
        point = self.predict_next_close(closes)
        volatility = float(window_volatility(closes)[0])
        prices = self._bands.prices(point, volatility)
        last = float(closes[-1])
        return Horizon(
            hours=1,
            target_time=utc(as_of + HOUR),
            median=point,
            quantiles={level: point * float(np.exp(self._bands.offset(float(level)) * volatility)) for level in LEVELS},
            probability_up=float((prices > last).mean()),
            expected_move_pct=float(100 * np.median(np.abs(prices / last - 1))),
        )

    def _id(self, snapshot: Snapshot) -> str:
        """The same candle, source and model give the same forecast, and so the same id."""
        text = f"{snapshot.symbol}|{snapshot.source}|{snapshot.as_of}|{self.ref.sha256}"
        return f"fc_{hashlib.sha256(text.encode()).hexdigest()[:20]}"
