"""This machine as a part of a Ray cluster: its first one, or one that joins.

Ray's own command runs in the foreground as a child of this process, so that it ends with it and ends nothing else.
Whoever reaches a cluster's ports and has its token runs any code on its machines: there is always a token.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from forecaster.errors import ConfigurationError
from forecaster.installation import ROOT

GCS_PORT = 6380  # of the first machine, which the others join; not Ray's own 6379, where a Valkey may listen
STARTS = 120.0  # seconds that the first machine may take
ENDS = 60.0  # seconds that Ray is given to end its processes: it drains for half of them
SHORTEST_TOKEN = 32  # characters
RAY = [sys.executable, "-m", "ray.scripts.scripts"]  # what the command `ray` of the same environment runs
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",  # Ray's proxy in Python passes on a tenth of what HAProxy does
    "RAY_SERVE_HAPROXY_BALANCE_ALGORITHM": "hash req.cook(cryptosense_visitor)",  # in turn for who has none
    "RAY_SERVE_HAPROXY_HEALTH_CHECK_INTER": "1s",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",  # a busy machine needs more than five seconds
}


def prepare(token: str = "") -> None:
    """Set what Ray reads while it is imported, here and in its processes.

    Without a token there is one of chance, which no other machine knows. Raises ConfigurationError for one that is
    short, and without Ray.
    """
    if find_spec("ray") is None:
        raise ConfigurationError(
            "Several processes need Ray, which is not installed.", "Install it: pip install cryptosense[ray]."
        )
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"CRYPTOSENSE_CLUSTER_TOKEN has fewer than {SHORTEST_TOKEN} characters.",
            "Make one that cannot be guessed, such as: openssl rand -hex 32.",
        )
    os.environ["RAY_AUTH_MODE"] = "token"
    if token:
        os.environ["RAY_AUTH_TOKEN"] = token
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(SHORTEST_TOKEN))
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    where = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(ROOT) not in where:  # of Ray's processes, which import the application by its name
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, where)])


@contextmanager
def head(token: str = "", port: int = GCS_PORT, *more: str) -> Iterator[str]:
    """Make this machine the first of a cluster. Gives HOST:PORT, which `join` takes; `more` are Ray's own options."""
    prepare(token)
    from ray.util import get_node_ip_address

    address = f"{get_node_ip_address()}:{port}"
    with _running("--head", f"--port={port}", "--include-dashboard=false", *more) as node:
        _wait(node, address)
        yield address


def join(address: str, token: str, *more: str) -> int:
    """Let this machine work for a cluster until it is told to stop. Gives Ray's exit code."""
    prepare(token)
    with _running(f"--address={address}", *more) as node:
        return node.wait()


@contextmanager
def _running(*options: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [*RAY, "start", "--block", "--disable-usage-stats", *options]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was begun here is to be ended
    node = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield node
    finally:
        node.terminate()
        with suppress(subprocess.TimeoutExpired):
            node.wait(ENDS)
        node.kill()
        node.wait()


def _wait(node: "subprocess.Popen[bytes]", address: str) -> None:
    """Return once the cluster answers. Raises ConfigurationError where it does not."""
    until = time.monotonic() + STARTS
    while time.monotonic() < until and node.poll() is None:
        asked = subprocess.run([*RAY, "health-check", "--address", address], capture_output=True)
        if asked.returncode == 0:
            return
        time.sleep(0.2)
    raise ConfigurationError(
        f"Ray did not start at {address}.",
        "Read what it wrote above; another one may have that port: --gcs-port.",
    )
