"""POST /predict from 32 connections at once beside the floor and the original handler, interleaved in one run."""

import importlib.util
import json
from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median

from api.routes.predict import EXAMPLE_PRICES
from benchmarks.figures import table
from benchmarks.load import TOOL, Load, load
from benchmarks.processes import running, wait_until

CONNECTIONS = 32
ROUNDS = 3
FLOOR, OURS, ORIGINAL = "floor: validate, return a constant", "/predict", "original handler: Keras predict"
SERVERS = {  # command, and seconds of a round: the original answers 32 requests in two of them
    FLOOR: (("-m", "benchmarks.server_floor"), 5),
    OURS: (("app.py", "serve", "--port", "0"), 5),
    ORIGINAL: (("-m", "benchmarks.server_original"), 20),
}
GOALS = {FLOOR: 0.40, ORIGINAL: 150.0}  # times as many requests a second
BODY = json.dumps({"prices": EXAMPLE_PRICES})


def main() -> None:
    """Measure and print."""
    trained = importlib.util.find_spec("tensorflow") is not None
    names = [FLOOR, OURS, ORIGINAL] if trained else [FLOOR, OURS]
    with ExitStack() as stack:
        ports = {name: stack.enter_context(running(*SERVERS[name][0])) for name in names}
        wait_until(ports[OURS], "/readyz")
        loads = _interleaved(ports)
    rows = [_row(name, loads) for name in names]
    head = ("", "requests/s", "p50 ms", "p99 ms", "/predict's, times this", "goal")
    note = f"medians of {ROUNDS} rounds in turns; the load came from {TOOL}"
    missing = "\nThe original handler was skipped: it needs TensorFlow (pip install -e '.[train]')."
    table(f"POST /predict, {CONNECTIONS} connections", head, rows, note if trained else note + missing)


def _interleaved(ports: Mapping[str, int]) -> dict[str, list[Load]]:
    """A load for each round; in turns, so that a busy moment of the machine hits all alike."""
    loads: dict[str, list[Load]] = {name: [] for name in ports}
    for name, port in ports.items():
        load(port, "/predict", BODY, CONNECTIONS, SERVERS[name][1])  # warms up
    for _ in range(ROUNDS):
        for name, port in ports.items():
            found = load(port, "/predict", BODY, CONNECTIONS, SERVERS[name][1])
            if found.failed or not found.answers:
                raise RuntimeError(f"{name}: {found.answers} answers, {found.failed} requests failed")
            loads[name].append(found)
    return loads


def _row(name: str, loads: Mapping[str, list[Load]]) -> tuple[str, ...]:
    times = median(ours.speed / each.speed for ours, each in zip(loads[OURS], loads[name], strict=True))
    speed, p50, p99 = (median(getattr(each, figure) for each in loads[name]) for figure in ("speed", "p50", "p99"))
    goal = f"{GOALS[name]:g}" if name in GOALS else ""
    return name, f"{speed:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{times:.2f}", goal


if __name__ == "__main__":
    main()
