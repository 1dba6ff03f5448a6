"""docs/api.md: each of its examples runs against a real server, is of the types it says, and none is forgotten."""

import re
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.deps import Step, Told, Words
from forecaster.backend import LocalBackend
from forecaster.data.source import Snapshot
from forecaster.ledger import Ledger
from forecaster.settings import ROOT
from tests.issued import closing, issued
from tests.v1 import ETHER, HISTORY, OPEN, noon

DOCS = (ROOT / "docs" / "api.md").read_text()
PRINTED = "http://127.0.0.1:8000"
SHELL = re.findall(r"^```sh\n(.*?)^```", DOCS, re.M | re.S)
PYTHON = "\n\n".join(re.findall(r"^```python\n(.*?)^```", DOCS, re.M | re.S))
PATIENCE = 60  # seconds


class Markets:
    """Both symbols, until noon."""

    async def latest(self, symbol, hours):
        candles = HISTORY if symbol == "BTC-USD" else ETHER
        return Snapshot(symbol, "bitstamp", "USD", candles[-hours:], noon())

    async def close(self):
        pass


async def turn(messages):
    yield Step("forecast", "started")
    yield Step("forecast", "done")
    yield Told(issued(0))
    yield Words("Between $1 and $2.")


@pytest.fixture(scope="module")
def server(tmp_path_factory, shipped):
    """A real server with everything in it: candles, a ledger that knows outcomes, an assistant."""
    ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}")
    for hour in range(5):
        ledger.record(issued(hour))
    ledger.settle("BTC-USD", "bitstamp", closing(5))
    backend = LocalBackend(Markets(), shipped, ledger=ledger)
    app = create_app(lambda: backend, OPEN, turn=turn)
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    end = time.monotonic() + PATIENCE
    while httpx.get(f"{address}/readyz").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.01)
    yield address
    running.should_exit = True
    thread.join(PATIENCE)
    ledger.close()


def ran(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.mark.parametrize("command", SHELL, ids=lambda command: re.findall(r"8000(/\S+?)['\s]", command)[-1][:40])
def test_each_command_is_answered(server, command):
    if ran("bash", "-c", "command -v curl").returncode:
        pytest.skip("curl is not installed: apt-get install curl")
    quiet = command.replace(PRINTED, server).replace("curl -s", "curl -fsS")
    done = ran("bash", "-c", f"set -euo pipefail\n{quiet}")
    assert done.returncode == 0, done.stderr
    assert '"' in done.stdout and '"problem":{' not in done.stdout


def test_the_python_examples_run_one_after_the_other(server, tmp_path):
    script = tmp_path / "examples.py"
    script.write_text(PYTHON.replace(PRINTED, server))
    done = ran(sys.executable, str(script))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 20
    assert "304" in done.stdout and "[done]" in done.stdout


def test_the_python_examples_are_of_the_types_that_they_say(tmp_path):
    script = tmp_path / "examples.py"
    script.write_text(PYTHON)
    done = ran(sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(script), cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_no_endpoint_is_forgotten(server):
    paths = httpx.get(f"{server}/openapi.json").json()["paths"]
    for path in paths:
        if path.startswith(("/v1", "/predict")):
            text = path.replace("{forecast_id}", "{id}")
            assert f"`{text}`" in DOCS or f" {text}`" in DOCS, path
            asked = path.replace("/{forecast_id}", "/")
            assert any(asked in command for command in SHELL), path
            assert asked in PYTHON, path


def test_every_problem_that_is_documented_is_explained(server):
    document = httpx.get(f"{server}/openapi.json").json()
    documented = {
        status
        for path, operations in document["paths"].items()
        if path.startswith(("/v1", "/predict"))
        for operation in operations.values()
        for status in operation["responses"]
        if status >= "400"
    }
    table = " ".join(re.findall(r"^\| ([\d, ]+) \|", DOCS, re.M))
    assert documented <= set(re.findall(r"\d{3}", table))
