"""Serves the classic recipe: the next close from 60 closes, with bands from its validation residuals."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import LEVELS, ResidualBands, Tracker
from forecaster.errors import InvalidInput
from forecaster.features import MinMaxScaling, close_windows, window_volatility
from forecaster.inference.annotate import Flag, Issuer, checked_closes, gaps_flag
from forecaster.inference.engine import Engine
from forecaster.inference.interpolation import standard
from forecaster.inference.microbatch import BatchingEngine
from forecaster.inference.window import Window
from forecaster.market import Snapshot, gapless, utc
from forecaster.schema import HOUR, WINDOW, Forecast, ForecastWarning, Horizon, InputKind

OUTREACH = 100  # times beyond the training range: farther out the network answers one constant


class ClassicPredictor(Issuer):
    """A Predictor of one hour ahead, from prices as they are: it knows the levels that it was trained on."""

    reads_companion = False
    any_coin = False  # it knows the levels of the prices that it was trained on
    flags = ()

    def __init__(self, artifact: Artifact, engine: Engine) -> None:
        super().__init__(artifact)
        self._engine = engine
        self.gathers = isinstance(engine, BatchingEngine)
        self._scaling = MinMaxScaling.model_validate_json(artifact.files["scaling.json"])
        self._bands = ResidualBands.model_validate_json(artifact.files["calibration.json"])

    def predict_next_close(self, closes: Sequence[float] | NDArray[np.float64]) -> float:
        """See Predictor; the level must be within a hundred times the training range."""
        window = checked_closes(closes)
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

    def predict_next_closes(
        self, windows: Sequence[Sequence[float] | NDArray[np.float64]]
    ) -> list[float | InvalidInput]:
        """See Predictor; one after the other."""
        return [self._price_or_why_not(each) for each in windows]

    def trackers(self, symbol: str) -> dict[InputKind, Tracker]:
        """None: the bands stay as validation found them."""
        return {}

    def forecast(
        self,
        snapshot: Snapshot,
        hours: int,
        other: Snapshot | None = None,
        trackers: Mapping[InputKind, Tracker] | None = None,
    ) -> Forecast:
        """See Predictor; neither `other` nor `trackers` are looked at."""
        self.check(snapshot.symbol, hours)
        candles, filled = gapless(snapshot.candles, WINDOW)
        horizon = self._next_hour(candles.close, snapshot.as_of)
        return self.issue(snapshot, (horizon,), [*gaps_flag(filled, WINDOW), *self._foreign(candles.close)])

    def standing(self, window: Window, trackers: Mapping[InputKind, Tracker] | None = None) -> Forecast:
        """See Predictor: 15, 30, 45 and 60 minutes; `trackers` are not looked at."""
        issued = self.forecast(window.snapshot, 1)
        return self.ahead(issued, standard(1))

    def forecasts(self, windows: Sequence[Window], hours: int) -> list[Forecast | InvalidInput]:
        """See Predictor."""
        for window in windows:
            self.check(window.snapshot.symbol, hours)
        return [self._or_why_not(window.snapshot) for window in windows]

    drafts = forecasts

    def next_hours(self, symbol: str, closes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raises InvalidInput."""
        raise InvalidInput("The classic model has no quantiles to grade.", "Ask a service with the quantile model.")

    @property
    def detection(self) -> None:
        """None: its forecasts are too far off to be surprised by."""
        return None

    def _or_why_not(self, snapshot: Snapshot) -> Forecast | InvalidInput:
        try:
            return self.forecast(snapshot, 1)
        except InvalidInput as error:
            return error

    def _price_or_why_not(self, closes: Sequence[float] | NDArray[np.float64]) -> float | InvalidInput:
        try:
            return self.predict_next_close(closes)
        except InvalidInput as error:
            return error

    def _foreign(self, closes: NDArray[np.float64]) -> list[Flag]:
        low, high = self._scaling.low, self._scaling.high
        if closes.min() >= low and closes.max() <= high:
            return []
        words = f"the model learned from prices between {low:,.0f} and {high:,.0f} only"
        return [(ForecastWarning.OUT_OF_DISTRIBUTION, words)]

    def _next_hour(self, closes: NDArray[np.float64], as_of: int) -> Horizon:
        point = self.predict_next_close(closes)
        volatility = float(window_volatility(closes)[0])
        prices = self._bands.prices(point, volatility)
        last = float(closes[-1])
        return Horizon(
            hours=1,
            minutes=60,
            target_time=utc(as_of + HOUR),
            median=point,
            quantiles={level: point * float(np.exp(self._bands.offset(float(level)) * volatility)) for level in LEVELS},
            probability_up=float((prices > last).mean()),
            expected_move_pct=float(100 * np.median(np.abs(prices / last - 1))),
        )
