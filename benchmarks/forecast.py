"""One forecast of 24 hours from 300 candles of both symbols, its parts, and the raw run of the same graph."""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import p50, p95, table, timed
from benchmarks.graph import Graph
from benchmarks.market import candles
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.features.hourly import LOOKBACK, hours_of
from forecaster.features.tape import Tape
from forecaster.inference.engine import Engine, Inputs, open_engine
from forecaster.inference.quantile import QuantilePredictor
from forecaster.market.sources import Snapshot
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR
from forecaster.settings import ROOT

CANDLES = 300  # at hand, as a source gives them
ROUNDS = 20
CALLS = 20  # a round, of each
GOAL = 1.5  # ms
FORECAST = "forecast, 24 h"
PARTS = ("  features", "  graph", "  calibration, distributions, the answer")


class Watched:
    """An engine that notes when it was entered and left: what comes before is features, what follows the answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.entered = self.left = 0.0  # seconds

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        self.entered = time.perf_counter()
        output = self._engine.run(inputs)
        self.left = time.perf_counter()
        return output


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with one_core():
        times = _measured(load_artifact(ROOT / "models" / "quantile"))
    raw = p50(times["raw ONNX Runtime, one window"])
    rows = [
        (name, f"{p50(each):.3f}", f"{p95(each):.3f}", f"{p50(each) / raw:.2f}", f"{GOAL}" if name == FORECAST else "")
        for name, each in times.items()
    ]
    note = f"{ROUNDS * CALLS} of each, in turns, on one core"
    if "KerasEngine, one window" not in times:
        note += "; KerasEngine was skipped: it needs TensorFlow (pip install -e '.[train]')"
    table("One forecast", ("", "p50 ms", "p95 ms", "x raw", "goal p50"), rows, note)


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this thread, and those it starts, on one core where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _measured(model: Artifact) -> dict[str, list[float]]:
    """Milliseconds of every call; in turns, so that a busy moment of the machine hits all alike."""
    watched = Watched(open_engine(model))
    predictor = QuantilePredictor(model, watched)
    pairs = _pairs(CALLS)
    beside = _beside(model, predictor, pairs)
    times: dict[str, list[float]] = {name: [] for name in (*beside, FORECAST, *PARTS)}
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        elapsed = {name: [timed(partial(action, call)) for call in range(CALLS)] for name, action in beside.items()}
        marks = np.array([_marks(predictor, watched, *pair) for pair in pairs])  # (calls, 4) ms
        elapsed[FORECAST] = (marks[:, -1] - marks[:, 0]).tolist()
        elapsed |= zip(PARTS, np.diff(marks).T.tolist(), strict=True)
        if round_ >= 0:
            for name, each in elapsed.items():
                times[name] += each
    return times


def _marks(predictor: QuantilePredictor, watched: Watched, own: Snapshot, other: Snapshot) -> list[float]:
    """Where one forecast began, entered the graph, left it and ended, in ms."""
    begin = time.perf_counter()
    predictor.forecast(own, HORIZONS, other)
    return [1000 * moment for moment in (begin, watched.entered, watched.left, time.perf_counter())]


def _beside(
    model: Artifact, predictor: QuantilePredictor, pairs: list[tuple[Snapshot, Snapshot]]
) -> dict[str, Callable[[int], object]]:
    """What a forecast is measured beside, each to be called with the number of the call."""
    graph = Graph(model)
    windows = [_window(*pair) for pair in pairs]
    closes = [own.candles.close[-60:].tolist() for own, _ in pairs]
    beside: dict[str, Callable[[int], object]] = {
        "raw ONNX Runtime, one window": lambda call: graph.run(windows[call]),
        "predict_next_close, 60 closes": lambda call: predictor.predict_next_close(closes[call]),
    }
    if importlib.util.find_spec("tensorflow") is not None:
        network = open_engine(model, "keras")
        beside["KerasEngine, one window"] = lambda call: network.run(windows[call])
    return beside


def _pairs(count: int) -> list[tuple[Snapshot, Snapshot]]:
    """Both symbols' newest candles at `count` consecutive hours; each symbol's turn comes every second hour."""
    hours = CANDLES + count
    tapes = candles(hours, 1, 60_000.0), candles(hours, 2, 2_000.0)
    pairs = []
    for end in range(CANDLES, hours):
        btc, eth = (
            Snapshot(symbol, "file", "USD", part, float(part.time[-1]) + HOUR)
            for symbol, tape in zip(("BTC-USD", "ETH-USD"), tapes, strict=True)
            for part in [tape[end - CANDLES : end]]
        )
        pairs.append((btc, eth) if end % 2 else (eth, btc))
    return pairs


def _window(own: Snapshot, other: Snapshot) -> dict[str, NDArray[np.float32]]:
    """The window that the forecast from these candles runs."""
    tape = Tape.of(own.candles[-LOOKBACK:], other.candles)
    return hours_of(tape).inputs(np.array([LOOKBACK - 1]), "full")


if __name__ == "__main__":
    main()
