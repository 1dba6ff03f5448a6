"""1,024 forecasts of an hour and of a day beside the raw run of the same graph, in process and over HTTP."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

import numpy as np

from benchmarks.client import Connection, post
from benchmarks.figures import p50, table, timed
from benchmarks.graph import Graph
from benchmarks.market import candles
from benchmarks.processes import memory, rested, server, wait_until
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
GOALS = {("forecasts", 1): "0.80", ("POST /v1/forecast/batch", 24): "0.35"}  # of the raw run, by hours ahead
DAY = 24
RAW, PARTS = "raw ONNX Runtime, one run", f"raw ONNX Runtime, {BATCH} windows a run"


def main() -> None:
    """Measure and print."""
    model = load_artifact(ROOT / "models" / "quantile")
    predictor = QuantilePredictor(model, open_engine(model))
    bare, full = _bare(), _full()
    with ExitStack() as stack:
        served = stack.enter_context(server("app.py", "serve", "--port", "0"))
        wait_until(served.port, "/readyz")
        at_rest = rested(served.pid)
        for name, windows, hours in (
            ("60 closes each", bare, 1),
            ("60 closes each", bare, DAY),
            ("300 candles of both coins each", full, 1),
        ):
            ways = _ways(Graph(model), predictor, windows, hours)
            if windows[0].bare:
                asked = post("/v1/forecast/batch", _body(windows, hours))
                ways["POST /v1/forecast/batch"] = partial(_ask, served.port, asked)
            _print(f"{COUNT} forecasts of {hours} h, {name}", _interleaved(ways), hours)
        print(f"\nMemory of the service: {at_rest:.0f} MB at rest, {memory(served.pid):.0f} MB at most (goal: 40 more)")


def _print(title: str, times: Mapping[str, list[float]], hours: int) -> None:
    raw, parts = p50(times[RAW]), p50(times[PARTS])
    rows = [
        (
            name,
            *(f"{p50(each):.1f}", f"{1000 * p50(each) / COUNT:.0f}"),
            *(f"{raw / p50(each):.2f}", f"{parts / p50(each):.2f}", GOALS.get((name, hours), "")),
        )
        for name, each in times.items()
    ]
    head = ("", "p50 ms", "us each", "of raw", f"of raw, {BATCH} a run", "goal")
    table(title, head, rows, f"{ROUNDS} of each, in turns")


def _ways(
    graph: Graph, predictor: QuantilePredictor, windows: list[Window], hours: int
) -> dict[str, Callable[[], object]]:
    inputs = inputs_of([Reading.of(window) for window in windows])
    parts = [_part(inputs, start) for start in range(0, COUNT, BATCH)]
    return {
        RAW: lambda: graph.run(inputs),
        PARTS: lambda: [graph.run(part) for part in parts],
        "forecasts": lambda: predictor.forecasts(windows, hours),
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


def _body(windows: list[Window], hours: int) -> bytes:
    sent = [{"symbol": "BTC-USD", "closes": np.round(window.snapshot.candles.close, 2).tolist()} for window in windows]
    return json.dumps({"windows": sent, "hours": hours}).encode()


def _interleaved(ways: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of every run; in turns, so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        for name, way in ways.items():
            elapsed = timed(way)
            if round_ >= 0:
                times[name].append(elapsed)
    return times


def _ask(port: int, request: bytes) -> None:
    with Connection(port) as connection:  # a new one: between two rounds the service may close what rests
        status, body = connection.send(request)
    if status != 200:
        raise RuntimeError(f"a batch failed with status {status}: {body[:200]!r}")


if __name__ == "__main__":
    main()
