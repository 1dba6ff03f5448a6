"""POST /predict beside the floor under it and beside the original handler, interleaved in one run."""

import importlib.util
import json
from contextlib import ExitStack
from functools import partial

from api.routes.predict import EXAMPLE_PRICES
from benchmarks.client import Connection, post
from benchmarks.figures import p50, p95, table, timed
from benchmarks.processes import running, wait_until

ROUNDS = 20
REQUESTS = 100  # a round
SLOW_REQUESTS = 5  # a round, of the original handler
REQUEST = post("/predict", json.dumps({"prices": EXAMPLE_PRICES}).encode())


def main() -> None:
    """Measure and print."""
    servers = {
        "client and loopback alone": ("benchmarks.server_bare", REQUESTS),
        "floor: validate, return a constant": ("benchmarks.server_floor", REQUESTS),
        "/predict": ("app.py", REQUESTS),
        "original handler: Keras predict": ("benchmarks.server_original", SLOW_REQUESTS),
    }
    trained = importlib.util.find_spec("tensorflow") is not None
    if not trained:
        del servers["original handler: Keras predict"]
    with ExitStack() as stack:
        ports = {}
        for name, (module, count) in servers.items():
            command = ("app.py", "serve", "--port", "0") if module == "app.py" else ("-m", module)
            port = stack.enter_context(running(*command))
            if module == "app.py":
                wait_until(port, "/readyz")
            ports[name] = (port, count)
        times = _interleaved(ports)
    floor, ours = p50(times["floor: validate, return a constant"]), p50(times["/predict"])
    rows = [
        (name, f"{p50(each):.3f}", f"{p95(each):.3f}", f"{p50(each) / floor:.2f}", f"{p50(each) / ours:.2f}")
        for name, each in times.items()
    ]
    note = "" if trained else "The original handler was skipped: it needs TensorFlow (pip install -e '.[train]')."
    table("POST /predict, one connection", ("", "p50 ms", "p95 ms", "x floor", "x ours"), rows, note)


def _interleaved(ports: dict[str, tuple[int, int]]) -> dict[str, list[float]]:
    """Milliseconds of every request; in turns, so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ports}
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        for name, (port, count) in ports.items():
            with Connection(port) as connection:
                elapsed = [timed(partial(_ask, connection)) for _ in range(count)]
            if round_ >= 0:
                times[name] += elapsed
    return times


def _ask(connection: Connection) -> None:
    status, body = connection.send(REQUEST)
    if status != 200:
        raise RuntimeError(f"a prediction failed with status {status}: {body[:200]!r}")


if __name__ == "__main__":
    main()
