"""Tries out a model in a process of its own: what kills, hangs or starves that process does no harm to this one.

What a file declares does not tell how much memory a network takes once it runs, and a library may have a flaw. A child
with limits can tell.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

import numpy as np

from forecaster.artifact import Artifact, load_artifact
from forecaster.errors import ArtifactError, ConfigurationError, CryptoSenseError
from forecaster.inference.engine import Engine, open_engine
from forecaster.inference.microbatch import BatchingEngine
from forecaster.inference.predictor import Predictor
from forecaster.installation import ROOT
from forecaster.market import Candles, Snapshot, catalogue, companion
from forecaster.schema import HOUR, Forecast

EngineKind = Literal["onnx", "keras"]
EngineOf = Callable[[Artifact, EngineKind], Engine]
LEVEL = 100.0  # USD, around which the made-up market of a coin moves that stands in no catalogue
CLOSE = 1_773_921_600  # 2026-03-19 12:00 UTC, when they end
LONG, SHORT = 300, 60  # hours: what a source gives, and the fewest that a forecast is made from
AGREEMENT = 1e-5  # by which two ways to the same price may differ
FARTHEST = 10.0  # times the last close: no forecast of a day lies beyond


def open_model(artifact: Artifact, kind: EngineKind = "onnx", opened: EngineOf = open_engine) -> Predictor:
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
    for symbol in predictor.facts.symbols:
        market, other = _market(symbol), _market(companion(symbol))
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
    level = catalogue()[symbol].simulated.level if symbol in catalogue() else LEVEL
    path = level * np.exp(0.01 * np.sin(hour / 5) + 0.004 * np.cos(hour * 2.3))
    open_, close = path[:-1], path[1:]
    high, low = 1.001 * np.maximum(open_, close), 0.999 * np.minimum(open_, close)
    volume = 100.0 + 50.0 * np.sin(hour[1:] / 7)
    candles = Candles(CLOSE + HOUR * hour[:-1].astype(np.int64), open_, high, low, close, volume)
    return Snapshot(symbol, "made up", "USD", candles, float(CLOSE))


def _unusable(why: str) -> ArtifactError:
    return ArtifactError(f"The model {why}; it is not used.", "Train it again, or restore it from the repository.")


PATIENCE = 120.0  # seconds; a trial takes about one, with Keras ten
MEMORY = {"onnx": 2 * 2**30, "keras": 8 * 2**30}  # bytes, several times what our models take


async def tried(directory: Path, kind: EngineKind = "onnx", patience: float = PATIENCE) -> str:
    """The SHA-256 of the model in `directory`, once another process has opened it and forecast with it.

    Raises ArtifactError: why it was refused there, or how that process ended.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forecaster.inference.smoke_test", str(directory.absolute()), kind),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(patience):
            told, _ = await child.communicate()
    except TimeoutError as error:
        raise _failed(f"did not forecast within {patience:.0f} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise _failed(f"ended the process that tried it (code {child.returncode})")
    answer = json.loads(told)
    if "sha256" not in answer:
        raise ArtifactError(**answer)
    return str(answer["sha256"])


def main(directory: Path, kind: EngineKind) -> dict[str, str]:
    """Try, and say how it went."""
    _limit(kind)
    try:
        return {"sha256": open_model(load_artifact(directory), kind).ref.sha256}
    except CryptoSenseError as error:
        return {"message": error.message, "remedy": error.remedy}


def _limit(kind: EngineKind) -> None:
    """Take little: memory with an end, no accelerator, and the processor when others leave it."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY[kind], MEMORY[kind]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    os.putenv("CUDA_VISIBLE_DEVICES", "-1")  # the accelerator belongs to the model that answers


def _failed(why: str) -> ArtifactError:
    return ArtifactError(f"The model {why}; it is not used.", "Train it again, or restore it from the repository.")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), cast(EngineKind, sys.argv[2]))))
