"""docs/api.md: each of its examples runs against a real server, is of the types it says, and none is forgotten."""

import re
import subprocess
import sys

import httpx
import pytest

from forecaster.settings import ROOT
from tests.support.browser.whole_service import PATIENCE, whole_service
from tests.support.needs import require

DOCS = (ROOT / "docs" / "api.md").read_text()
PRINTED = "http://127.0.0.1:8000"
SHELL = re.findall(r"^```sh\n(.*?)^```", DOCS, re.M | re.S)
PYTHON = "\n\n".join(re.findall(r"^```python\n(.*?)^```", DOCS, re.M | re.S))


@pytest.fixture(scope="module")
def server(tmp_path_factory, shipped):
    with whole_service(tmp_path_factory.mktemp("ledger"), shipped) as address:
        yield address


def ran(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.mark.parametrize("command", SHELL, ids=lambda command: re.findall(r"8000(/\S+?)['\s]", command)[-1][:40])
def test_each_command_is_answered(server, command):
    require("curl")
    quiet = command.replace(PRINTED, server).replace("curl -s", "curl -fsS")
    done = ran("bash", "-c", f"set -euo pipefail\n{quiet}")
    assert done.returncode == 0, done.stderr
    assert ('"' in done.stdout or done.stdout.startswith("retry: ")) and '"problem":{' not in done.stdout


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
    done = ran(sys.executable, "-m", "mypy", "--strict", str(script), cwd=ROOT)  # where mypy knows httpx already
    assert done.returncode == 0, done.stdout


def test_no_endpoint_is_forgotten(server):
    paths = httpx.get(f"{server}/openapi.json", timeout=60).json()["paths"]
    alerts = (ROOT / "docs" / "alerts.md").read_text()  # whose examples tests/docs/test_alerts.py runs
    for path in paths:
        if path.startswith("/v1/alerts"):
            assert path.split("{")[0].rstrip("/") in alerts, path
        elif path.startswith(("/v1", "/predict")):
            text = path.replace("{forecast_id}", "{id}")
            assert f"`{text}`" in DOCS or f" {text}`" in DOCS, path
            asked = path.replace("/{forecast_id}", "/")
            assert any(asked in command for command in SHELL), path
            assert asked in PYTHON, path


def test_every_problem_that_is_documented_is_explained(server):
    document = httpx.get(f"{server}/openapi.json", timeout=60).json()
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
