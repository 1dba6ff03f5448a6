"""POST /v1/forecast with the caller's candles, beside the floor under it, interleaved in one run."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from benchmarks.client import Connection, post
from benchmarks.figures import p50, p95, table, timed
from benchmarks.market import candles
from benchmarks.processes import running, wait_until
from forecaster.market.candles import Candles, utc

ROUNDS = 20
REQUESTS = 40  # a round, of each
GOAL = 4.0  # times the floor, with 168 candles
HOURS = {"a week, read as closes": (168, 1), "300 h of both coins": (300, 24)}  # of candles, and hours forecast
FLOOR, OURS = "floor: validate, return a constant", "/v1/forecast"


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        floor = stack.enter_context(running("-m", "benchmarks.server_floor_v1"))
        ours = stack.enter_context(running("app.py", "serve", "--port", "0"))
        wait_until(ours, "/readyz")
        for name, (hours, ahead) in HOURS.items():
            times = _interleaved({FLOOR: floor, OURS: ours}, post("/v1/forecast", _body(hours, ahead)))
            _print(f"POST /v1/forecast, {name}, {ahead} h ahead, one connection", times, hours == 168)


def _print(title: str, times: Mapping[str, list[float]], with_goal: bool) -> None:
    floor = p50(times[FLOOR])
    rows = [
        (
            name,
            f"{p50(each):.3f}",
            f"{p95(each):.3f}",
            f"{p50(each) / floor:.2f}",
            f"{GOAL}" * (with_goal and name == OURS),
        )
        for name, each in times.items()
    ]
    table(title, ("", "p50 ms", "p95 ms", "x floor", "goal"), rows)


def _body(hours: int, ahead: int) -> bytes:
    question: dict[str, object] = {"symbol": "BTC-USD", "candles": _sent(candles(hours, 1, 60_000.0)), "hours": ahead}
    if hours > 168:
        question["other_candles"] = _sent(candles(hours, 2, 2_000.0))
    return json.dumps(question).encode()


def _sent(tape: Candles) -> list[dict[str, object]]:
    """Candles as a client writes them, prices to the cent."""
    names = ("open", "high", "low", "close", "volume")
    return [
        {"open_time": utc(time).isoformat(), **{name: round(value, 2) for name, value in zip(names, row, strict=True)}}
        for time, *row in tape.rows()
    ]


def _interleaved(ports: Mapping[str, int], request: bytes) -> dict[str, list[float]]:
    """Milliseconds of every request; in turns, so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ports}
    for round_ in range(-1, ROUNDS):  # the first round only warms up
        for name, port in ports.items():
            with Connection(port) as connection:
                elapsed = [timed(partial(_ask, connection, request)) for _ in range(REQUESTS)]
            if round_ >= 0:
                times[name] += elapsed
    return times


def _ask(connection: Connection, request: bytes) -> None:
    status, body = connection.send(request)
    if status != 200:
        raise RuntimeError(f"a forecast failed with status {status}: {body[:200]!r}")


if __name__ == "__main__":
    main()
