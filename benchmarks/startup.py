"""From the start of the process to the first answer, to the first prediction and to the chat."""

import time

from benchmarks.client import Connection, get
from benchmarks.figures import p50, table
from benchmarks.processes import running, wait_until

STARTS = 3


def main() -> None:
    """Measure and print."""
    chat = [_start() for _ in range(STARTS)]
    api = [_start("serve") for _ in range(STARTS)]
    rows = [
        ("/healthz answers", _median(chat, 0), _median(api, 0), "1"),
        ("everything is ready", _median(chat, 1), _median(api, 1), "chat 2.0; API alone 1.5"),
    ]
    table("Seconds after start", ("", "chat and API", "API alone", "goal"), rows, f"medians of {STARTS} starts")


def _start(*command: str) -> tuple[float, float]:
    """Seconds until /healthz and until /readyz answer 200."""
    begin = time.perf_counter()
    with running("app.py", *command, "--port", "0") as port:
        with Connection(port) as connection:
            connection.send(get("/healthz"))  # accepted at once, answered when the server can
        alive = time.perf_counter() - begin
        wait_until(port, "/readyz")
        return alive, time.perf_counter() - begin


def _median(starts: list[tuple[float, float]], which: int) -> str:
    return f"{p50([start[which] for start in starts]):.2f}"


if __name__ == "__main__":
    main()
