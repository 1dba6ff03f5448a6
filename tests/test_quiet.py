"""Nobody but the exchanges is asked for anything, and no file is made outside the data directory.

Each command runs as on a machine whose owner has other programs traced: nothing of that may hold for us.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from forecaster.quiet import SILENT
from forecaster.settings import ROOT
from tests.assistant.page.test_app import Page, texts
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending
from tests.support.service.processes import PATIENCE, address_of, stopped, unexpected, until_ready
from tests.support.service.watched import APP, Watched
from tests.test_command_line_mcp import HELLO, asked
from tests.tools.test_registry import GOOD

QUESTION = "what's BTC next hour?"
LATE = 12  # seconds: nine after its start, ONNX Runtime would look up where to report to
MODEL = ROOT / "models" / "quantile"
TRACED = {  # for other programs of the owner's
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "HF_TOKEN": "hf_secret",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "secret",
    "LANGSMITH_TRACING": "true",
    "ORT_DISABLE_TELEMETRY": "0",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    "OTEL_SDK_DISABLED": "false",
    "OTEL_TRACES_EXPORTER": "otlp",
}


@pytest.fixture
def exchanges():
    """Exchanges on this machine, where the newest candle closed at NOON."""
    with FakeExchanges(candles_ending(), now=NOON + 1) as fake:
        yield fake


@pytest.fixture
def settings(exchanges):
    return TRACED | exchanges.settings_env()


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


@pytest.fixture
def candles(watched):
    """A file of candles where the command runs."""
    rows = (f"{time},{o},{h},{lo},{c},{v}\n" for time, o, h, lo, c, v in candles_ending(hours=1_100).rows())
    (watched.work / "btc.csv").write_text("time,open,high,low,close,volume\n" + "".join(rows))
    return "btc.csv"


def assert_quiet(watched: Watched, *peers: str, made: Path | None = None) -> None:
    assert (watched.peers(), watched.strays(made)) == (set(peers), set())


async def asked_on_the_page(address: str) -> str:
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        (await client.get("/", headers={"accept": "text/html"})).raise_for_status()
        page = Page(client, (await client.get("/config")).json())
        return texts(await page.ask(QUESTION))[-1]


def test_a_hint_about_proxies_stays_unsaid_whichever_thread_imports_it_first():
    hint = "import warnings, forecaster; warnings.warn('SOCKS support in urllib3 requires the installation', Warning)"
    done = subprocess.run([sys.executable, "-c", hint], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_servers_ask_the_exchanges_alone_and_make_files_in_the_data_directory_alone(tmp_path, exchanges, settings):
    commands = {Watched(tmp_path / "chat"): [APP], Watched(tmp_path / "serve"): [APP, "serve"]}
    with ExitStack() as stack:  # both at once: what comes late has to be waited for
        servers = [
            stack.enter_context(each.running(*command, "--port", "0", **settings)) for each, command in commands.items()
        ]
        addresses = [address_of(server) for server in servers]
        for address in addresses:
            until_ready(address)
        end = time.monotonic() + LATE
        told = asyncio.run(asked_on_the_page(addresses[0]))  # which exchange's: that of one that was in time
        assert any(f"{price:,.2f}" in told for price in (LAST_CLOSE, exchanges.price()))
        for address in addresses:
            httpx.post(f"{address}/v1/forecast", json={"symbol": "BTC-USD"}, timeout=PATIENCE).raise_for_status()
        time.sleep(max(0.0, end - time.monotonic()))
        for code, out, err in [stopped(server, signal.SIGINT) for server in servers]:
            assert (code, out, unexpected(err)) == (0, "", []) and " gave a price of BTC-USD" in err
    for each in commands:
        assert_quiet(each, f"127.0.0.1:{exchanges.port}")
        assert each.data / "cryptosense.db" in each.made()


def test_ask_asks_the_exchanges_alone(watched, exchanges, settings):
    assert f"{LAST_CLOSE:,.2f}" in watched.ran(APP, "ask", QUESTION, **settings)
    assert_quiet(watched, f"127.0.0.1:{exchanges.port}")


def test_mcp_asks_the_exchanges_alone(watched, exchanges, settings):
    with watched.running(APP, "mcp", **settings) as process:
        asked(process, 1, "initialize", HELLO)
        told = asked(process, 2, "tools/call", {"name": "forecast", "arguments": GOOD["forecast"]})
        assert told["result"]["structuredContent"]["last_close"] == LAST_CLOSE
        process.communicate(timeout=PATIENCE)  # closes stdin, which ends it
    assert_quiet(watched, f"127.0.0.1:{exchanges.port}")


def test_training_asks_nobody(watched, candles):
    watched.ran(APP, "train", "--data", candles, "--out", "new/model", KERAS_MAX_EPOCHS="1", **TRACED)
    assert_quiet(watched, made=watched.work / "new")


def test_evaluating_asks_nobody(watched, candles):
    assert "1,0" in watched.ran(APP, "evaluate", "--data", candles, **TRACED)
    assert_quiet(watched)


def test_the_trial_of_a_new_model_asks_nobody(watched):
    told = watched.ran("-m", "forecaster.inference.smoke_test", str(MODEL), "onnx", PYTHONPATH=str(ROOT), **TRACED)
    assert "sha256" in json.loads(told)
    assert_quiet(watched)


def test_a_look_up_and_a_stray_file_would_be_seen(watched):
    code = """
import pathlib, socket, subprocess, sys
if sys.argv[1:]:
    try: socket.getaddrinfo("collector.example", 443)
    except OSError: pass
else:
    pathlib.Path.home().joinpath("id").touch()
    subprocess.run([sys.executable, __file__, "child"])
"""
    (watched.work / "tells.py").write_text(code)
    watched.ran("tells.py", RES_OPTIONS="attempts:1 timeout:1")
    assert watched.peers() and watched.strays() == {watched.home / "id"}


@pytest.mark.parametrize("package", ["forecaster", "tools", "assistant", "api", "cluster", "benchmarks"])
def test_libraries_are_told_to_be_quiet_before_anything_of_ours_can_import_them(package):
    code = f"import {package}, json, os, sys; print(json.dumps([dict(os.environ), list(sys.modules)]))"
    command, surroundings = [sys.executable, "-c", code], {"PATH": os.environ["PATH"], **TRACED}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    told, loaded = json.loads(done.stdout)
    assert SILENT.items() <= told.items()
    assert not {"onnxruntime", "gradio", "langsmith", "huggingface_hub"} & set(loaded)
