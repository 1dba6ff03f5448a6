"""The wheel in an environment of its own, outside the checkout: it holds models, texts, migrations and the widget."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from forecaster.installation import ROOT
from tests.support.needs import missing
from tests.support.service.processes import run_by, until_ready

PACKAGES = ("api", "assistant", "cluster", "forecaster", "models", "tools")
LEFT = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests", "benchmarks", "docs")
QUIETLY = ("--quiet", "--disable-pip-version-check")


class Installed(NamedTuple):
    """A wheel, where it was installed, and an environment that knows nothing of this checkout."""

    wheel: Path
    command: Path
    home: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        return output(str(self.command), *arguments, cwd=self.home, environment=self.environment)


def output(*command: str, cwd: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """Built and installed as a stranger would, with the exact versions of requirements.lock and nothing else."""
    home = tmp_path_factory.mktemp("stranger")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CRYPTOSENSE", "PYTHON"))}
    environment |= {"HOME": str(home), "CRYPTOSENSE_SOURCE": "demo"}
    shutil.copytree(ROOT, home / "source", ignore=LEFT)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", *QUIETLY, "--wheel-dir", str(home), str(home / "source"))
    built = subprocess.run(pip, cwd=home, capture_output=True, text=True, timeout=900)
    if built.returncode and "No matching distribution" in built.stderr:
        missing("a package registry", "let pip reach one: the wheel is built with what it holds")
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = home.glob("*.whl")
    output(sys.executable, "-m", "venv", str(home / "venv"), cwd=home, environment=environment)
    python = str(home / "venv" / "bin" / "python")
    for more in (("-r", str(ROOT / "requirements.lock")), (str(wheel),)):
        output(python, "-m", "pip", "install", "--no-deps", *QUIETLY, *more, cwd=home, environment=dict(os.environ))
    output(python, "-m", "pip", "check", "--disable-pip-version-check", cwd=home, environment=environment)
    shutil.rmtree(home / "source")
    return Installed(wheel, home / "venv" / "bin" / "cryptosense", home, environment)


def test_the_wheel_holds_every_file_of_our_packages(installed):
    held = set(zipfile.ZipFile(installed.wheel).namelist())
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    ours = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert ours - held == set() and len(ours) > 500


def test_the_installed_command_says_its_own_name(installed):
    assert installed.run("--help").startswith("usage: cryptosense ")


def test_the_installed_command_answers_a_question_with_a_forecast(installed):
    told = json.loads(installed.run("ask", "what's BTC next hour?", "--json"))
    assert "simulated" in told["answer"] and told["forecast"]["source"] == "demo"
    assert [call["name"] for call in told["tool_calls"]] == ["forecast"]


def test_the_installed_command_serves_the_chat_and_the_widget(installed):
    assert_served(installed, {}, ("/", "/widget.js", "/widget", "/docs", "/v1/model", "/v1/price?symbol=BTC-USD"))


def test_the_installed_command_makes_a_ledger(installed):
    away = {"CRYPTOSENSE_SOURCE": "live", "CRYPTOSENSE_EXCHANGES": "bitstamp"}
    away |= {"CRYPTOSENSE_BITSTAMP_URL": "http://127.0.0.1:9"}  # where nobody listens
    assert_served(installed, away, ("/v1/forecasts?symbol=BTC-USD", "/v1/track-record?symbol=BTC-USD"))


def assert_served(installed: Installed, settings: Mapping[str, str], paths: tuple[str, ...]) -> None:
    command = [str(installed.command), "--port", "0"]
    with run_by(command, installed.home, {**installed.environment, **settings}, installed.home / "log") as (_, address):
        until_ready(address)
        for path in paths:
            answer = httpx.get(address + path, timeout=60)
            assert answer.status_code == 200, (path, answer.text[:500])
