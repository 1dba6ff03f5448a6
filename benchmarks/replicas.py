"""One plain process, and a cluster of one, two and four replicas behind HAProxy, in turns.

The plain process runs beside each cluster, so that a ratio compares what was measured within a minute.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.figures import table
from benchmarks.load import TOOL, Load, load
from benchmarks.processes import ROOT, environment, running, wait_until
from benchmarks.throughput import BODY

REPLICAS = (1, 2, 4)
CONNECTIONS, SECONDS, ROUNDS = 32, 4, 3
STARTS = 300.0  # seconds that a cluster may take
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    rows = []
    with running("app.py", "serve", "--port", "0") as plain:
        wait_until(plain, "/readyz")
        for replicas in REPLICAS:
            with cluster(replicas) as (port, token):
                alone, behind = _interleaved(plain, port)
                memory = _memory(token)
            if not rows:
                rows.append(_row("one process of its own", alone, alone, ""))
            rows.append(_row(f"{replicas} replica{'' if replicas == 1 else 's'}", behind, alone, memory))
    head = ("", "requests/s", "p50 ms", "p99 ms", "times one process", "MB a replica / all others")
    table(f"POST /predict, {CONNECTIONS} connections", head, rows, f"medians of {ROUNDS} rounds; load from {TOOL}")


@contextmanager
def cluster(replicas: int) -> Iterator[tuple[int, str]]:
    """A running one: the port of its HAProxy, and the token that only its processes have."""
    token, port = secrets.token_hex(32), _free()
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        own = {"CRYPTOSENSE_CLUSTER_TOKEN": token, "CRYPTOSENSE_MAX_CONCURRENT": "256", "RAY_TMPDIR": folder}
        own |= {f"RAY_SERVE_HAPROXY_{name}_PORT": str(_free()) for name in ("METRICS", "STATS")}
        command = [sys.executable, "app.py", "cluster", "--no-chat", f"--replicas={replicas}", f"--port={port}"]
        log = Path(folder) / "log"
        with log.open("w") as said:
            process = subprocess.Popen(command, cwd=ROOT, env=environment(folder) | own, stdout=said, stderr=said)
        try:
            _wait(process, log)
            yield port, token
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STARTS)


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return once Ray says that every replica is ready."""
    end = time.monotonic() + STARTS
    while time.monotonic() < end and process.poll() is None:
        if "is ready at http" in log.read_text():
            time.sleep(2)  # until HAProxy knows them all
            return
        time.sleep(0.5)
    raise RuntimeError(f"the cluster did not start:\n{log.read_text()[-3000:]}")


def _interleaved(plain: int, behind: int) -> tuple[list[Load], list[Load]]:
    loads: dict[int, list[Load]] = {plain: [], behind: []}
    for port in loads:
        load(port, "/predict", BODY, CONNECTIONS, 2)  # warms up
    for _ in range(ROUNDS):
        for port, found in loads.items():
            found.append(load(port, "/predict", BODY, CONNECTIONS, SECONDS))
            if found[-1].failed or not found[-1].answers:
                raise RuntimeError(f"{found[-1].failed} of {found[-1].answers} requests failed")
    return loads[plain], loads[behind]


def _memory(token: str) -> str:
    """Resident memory of a replica, and of all that is there beside them."""
    replicas, others = [], 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() not in (process / "environ").read_bytes():
                continue
            megabytes = int((process / "statm").read_text().split()[1]) * PAGE / 1e6
            name = (process / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if name.startswith(b"ray::ServeReplica"):
            replicas.append(megabytes)
        else:
            others += megabytes
    return f"{median(replicas):,.0f} / {others:,.0f}"


def _row(name: str, loads: list[Load], alone: list[Load], memory: str) -> tuple[str, ...]:
    times = median(ours.speed / each.speed for ours, each in zip(loads, alone, strict=True))
    speed, p50, p99 = (median(getattr(each, figure) for each in loads) for figure in ("speed", "p50", "p99"))
    return name, f"{speed:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{times:.2f}", memory


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
