"""1,024 forecasts at once beside the raw run of the same graph on the same windows, in process and over HTTP."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

import numpy as np

from benchmarks.client import Connection, post
from benchmarks.figures import p50, table, timed
from benchmarks.graph import Graph
from benchmarks.market import candles
from benchmarks.processes import running, wait_until
from forecaster.artifact.loading import load_artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.quantile import BATCH, QuantilePredictor
from forecaster.inference.window import Inputs, Reading, Window, inputs_of
from forecaster.market.candles import Candles
from forecaster.market.sources import Snapshot
from forecaster.schema import CALLER, HOUR
from forecaster.settings import ROOT

COUNT = 1024
ROUNDS = 12
GOAL = 0.8  # of the raw run
RAW, PARTS = "raw ONNX Runtime, one run", f"raw ONNX Runtime, {BATCH} windows a run"


def main() -> None:
    """Measure and print."""
    model = load_artifact(ROOT / "models" / "quantile")
    predictor = QuantilePredictor(model, open_engine(model))
    with ExitStack() as stack:
        port = stack.enter_context(running("app.py", "serve", "--port", "0"))
        wait_until(port, "/readyz")
        connection = stack.enter_context(Connection(port))
        for name, windows in {"60 closes each": _bare(), "300 candles of both coins each": _full()}.items():
            ways = _ways(Graph(model), predictor, windows)
            if windows[0].bare:
                ways["POST /v1/forecast/batch"] = partial(_ask, connection, post("/v1/forecast/batch", _body(windows)))
            _print(f"{COUNT} forecasts one hour ahead, {name}", _interleaved(ways))


def _print(title: str, times: Mapping[str, list[float]]) -> None:
    raw = p50(times[RAW])
    rows = [
        (name, f"{p50(each):.1f}", f"{1000 * p50(each) / COUNT:.0f}", f"{raw / p50(each):.2f}", _goal(name))
        for name, each in times.items()
    ]
    table(title, ("", "p50 ms", "us each", "of raw", "goal"), rows, f"{ROUNDS} of each, in turns")


def _goal(name: str) -> str:
    return f"{GOAL}" if name == "forecasts" else ""


def _ways(graph: Graph, predictor: QuantilePredictor, windows: list[Window]) -> dict[str, Callable[[], object]]:
    inputs = inputs_of([Reading.of(window) for window in windows])
    parts = [_part(inputs, start) for start in range(0, COUNT, BATCH)]
    return {
        RAW: lambda: graph.run(inputs),
        PARTS: lambda: [graph.run(part) for part in parts],
        "forecasts": lambda: predictor.forecasts(windows, 1),
    }


def _part(inputs: Inputs, start: int) -> Inputs:
    return {name: values[start : start + BATCH] for name, values in inputs.items()}


def _bare() -> list[Window]:
    tape = candles(COUNT + 60, 1, 60_000.0)
    return [Window(_snapshot(tape[end - 60 : end]), bare=True) for end in range(60, COUNT + 60)]


def _full() -> list[Window]:
    tape, other = candles(COUNT + 300, 1, 60_000.0), candles(COUNT + 300, 2, 2_000.0)
    parts = [slice(end - 300, end) for end in range(300, COUNT + 300)]
    return [Window(_snapshot(tape[part]), _snapshot(other[part], "ETH-USD")) for part in parts]


def _snapshot(part: Candles, symbol: str = "BTC-USD") -> Snapshot:
    return Snapshot(symbol, CALLER, "USD", part, float(part.time[-1] + HOUR))


def _body(windows: list[Window]) -> bytes:
    sent = [{"symbol": "BTC-USD", "closes": np.round(window.snapshot.candles.close, 2).tolist()} for window in windows]
    return json.dumps({"windows": sent}).encode()


def _interleaved(ways: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of every run; in turns, so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        for name, way in ways.items():
            elapsed = timed(way)
            if round_ >= 0:
                times[name].append(elapsed)
    return times


def _ask(connection: Connection, request: bytes) -> None:
    status, body = connection.send(request)
    if status != 200:
        raise RuntimeError(f"a batch failed with status {status}: {body[:200]!r}")


if __name__ == "__main__":
    main()
