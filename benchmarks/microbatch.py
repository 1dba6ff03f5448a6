"""Does it pay to gather concurrent questions into one run? Each engine alone and behind BatchingEngine, in turns."""

import importlib.util
import os
import statistics
import time
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import p50, p95, table
from forecaster.artifact.contents import RECIPES
from forecaster.artifact.loading import load_artifact
from forecaster.inference.engine import Engine, open_engine
from forecaster.inference.microbatch import BatchingEngine
from forecaster.settings import ROOT

THREADS = (1, 8, 32)  # that ask at once, each one window after the other
ROUNDS = 10
CALLS = {"onnx": 960, "keras": 160}  # a round, of all threads together
NAMES = {"onnx": "OnnxEngine", "keras": "KerasEngine"}


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    model = load_artifact(ROOT / "models" / "quantile")
    trained = importlib.util.find_spec("tensorflow") is not None
    rows = []
    for kind in ("onnx", "keras") if trained else ("onnx",):
        engine = open_engine(model, kind)
        for threads in THREADS:
            rows.append(_compared(NAMES[kind], engine, threads, max(CALLS[kind] // threads, 1)))
    head = ("", "windows/s", "gathered", "x", "p50 ms", "gathered", "p95 ms", "gathered")
    note = f"medians of {ROUNDS} rounds, in turns"
    table("One window a question, from threads at once", head, rows, note if trained else f"{note}; no TensorFlow here")


def _compared(name: str, engine: Engine, threads: int, calls: int) -> tuple[str, ...]:
    gathering = BatchingEngine(engine)
    alone, gathered = [], []
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        pair = _round(engine, threads, calls), _round(gathering, threads, calls)
        if round_ >= 0:
            alone.append(pair[0])
            gathered.append(pair[1])
    speed, faster = (statistics.median(threads * calls / seconds for seconds, _ in each) for each in (alone, gathered))
    times, less = ([each for _, times in rounds for each in times] for rounds in (alone, gathered))
    return (
        f"{name}, {threads} thread{'s' * (threads > 1)}",
        *(f"{speed:,.0f}", f"{faster:,.0f}", f"{faster / speed:.2f}"),
        *(f"{figure(each):.2f}" for figure in (p50, p95) for each in (times, less)),
    )


def _round(engine: Engine, threads: int, calls: int) -> tuple[float, list[float]]:
    """Seconds of the whole round, and milliseconds of every call."""
    window, times = _window(), list[float]()

    def ask() -> None:
        for _ in range(calls):
            start = time.perf_counter()
            engine.run(window)
            times.append(1000 * (time.perf_counter() - start))

    asking = [Thread(target=ask) for _ in range(threads)]
    start = time.perf_counter()
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    return time.perf_counter() - start, times


def _window() -> dict[str, NDArray[np.float32]]:
    chance = np.random.default_rng(0)
    shapes = RECIPES["quantile"].inputs.items()
    return {name: chance.normal(0, 0.01, (1, *shape)).astype(np.float32) for name, shape in shapes}


if __name__ == "__main__":
    main()
