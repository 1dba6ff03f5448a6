"""Makes a verified artifact ready to run, and tries it on made-up markets before anybody is answered."""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import numpy as np

from forecaster.artifact import Artifact
from forecaster.errors import ArtifactError, ConfigurationError, UnsupportedSymbol
from forecaster.inference.engine import Engine, open_engine
from forecaster.inference.microbatch import BatchingEngine
from forecaster.inference.predictor import Predictor
from forecaster.market import Candles, Snapshot
from forecaster.schema import HOUR, SYMBOLS, Forecast

EngineKind = Literal["onnx", "keras"]
PRICES: dict[str, float] = dict(
    zip(SYMBOLS, (60_000.0, 2_000.0), strict=True)
)  # USD, around which the made-up markets move
CLOSE = 1_773_921_600  # 2026-03-19 12:00 UTC, when they end
LONG, SHORT = 300, 60  # hours: what a source gives, and the fewest that a forecast is made from
AGREEMENT = 1e-5  # by which two ways to the same price may differ
FARTHEST = 10.0  # times the last close: no forecast of a day lies beyond


def open_model(
    artifact: Artifact, kind: EngineKind = "onnx", opened: Callable[[Artifact, EngineKind], Engine] = open_engine
) -> Predictor:
    """The predictor of a verified artifact, over the engine that `opened` gives.

    Raises ArtifactError where it cannot run or answers nonsense, and ConfigurationError without Keras.
    """
    try:
        engine = opened(artifact, kind)
        if kind == "keras":  # benchmarks/microbatch.py: threads gain from one run on Keras, not on ONNX Runtime
            engine = BatchingEngine(engine)
        predictor = open_predictor(artifact, engine)
        try_out(predictor)
    except (ArtifactError, ConfigurationError):
        raise
    except Exception as error:  # a network fails in ways of its own, and one of wrong numbers as if they were sent
        raise _unusable("cannot forecast an ordinary market") from error
    return predictor


def open_predictor(artifact: Artifact, engine: Engine) -> Predictor:
    """The predictor of the artifact's recipe."""
    if artifact.manifest.recipe == "quantile":
        from forecaster.inference.quantile import QuantilePredictor

        return QuantilePredictor(artifact, engine)
    from forecaster.inference.classic import ClassicPredictor

    return ClassicPredictor(artifact, engine)


def try_out(predictor: Predictor) -> None:
    """Forecast made-up markets. Raises ArtifactError unless the quantiles ascend and lie near the last close.

    From 60 closes, the median of a forecast and `predict_next_close` must be the same price.
    """
    for symbol in SYMBOLS:
        try:
            predictor.check(symbol, predictor.longest)
        except UnsupportedSymbol:
            continue
        market, other = _market(symbol), _market(next(each for each in SYMBOLS if each != symbol))
        for hours in (LONG, SHORT):
            part = Snapshot(symbol, market.source, market.quote, market.candles[-hours:], market.now)
            _check(forecast := predictor.forecast(part, predictor.longest, other))
        price, median = predictor.predict_next_close(part.candles.close), forecast.horizons[0].median
        if not abs(price / median - 1) < AGREEMENT:
            raise _unusable("answers one question with two prices")


def _check(forecast: Forecast) -> None:
    for horizon in forecast.horizons:
        prices = [horizon.quantiles[level] for level in sorted(horizon.quantiles, key=float)]
        if not all(low <= high for low, high in pairwise(prices)):
            raise _unusable("gives quantiles that cross")
        for price in prices:
            _check_price(price, forecast.last_close)


def _check_price(price: float, last: float) -> None:
    if not last / FARTHEST < price < last * FARTHEST:  # nor where it is no number
        raise _unusable("gives prices that are none")


def _market(symbol: str) -> Snapshot:
    """Hours of a market that goes up and down."""
    hour = np.arange(-LONG, 1)
    path = PRICES[symbol] * np.exp(0.01 * np.sin(hour / 5) + 0.004 * np.cos(hour * 2.3))
    open_, close = path[:-1], path[1:]
    high, low = 1.001 * np.maximum(open_, close), 0.999 * np.minimum(open_, close)
    volume = 100.0 + 50.0 * np.sin(hour[1:] / 7)
    candles = Candles(CLOSE + HOUR * hour[:-1].astype(np.int64), open_, high, low, close, volume)
    return Snapshot(symbol, "made up", "USD", candles, float(CLOSE))


def _unusable(why: str) -> ArtifactError:
    return ArtifactError(f"The model {why}; it is not used.", "Train it again, or restore it from the repository.")
