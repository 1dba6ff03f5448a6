"""The command line, and the parts put together: one forecast through every door, clean starts and clean ends."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import app
from api.routes.predict import EXAMPLE_PRICES
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.saving import save_artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.smoke_test import open_predictor
from forecaster.schema import FIVE_MINUTES, HOUR, Forecast
from forecaster.settings import ROOT
from options import command_line
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending
from tests.support.ledger.issued import alike
from tests.support.service.processes import PATIENCE, started, stopped, until_ready


def test_help_loads_nothing_that_would_delay_it():
    code = "import app, sys\ntry: app.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "without a command it serves the chat" in " ".join(shown.lower().split())
    assert not {"pydantic", "numpy", "httpx", "rich", "uvicorn", "fastapi"} & set(shown.split("\n")[-2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["ask"],
        ["ask", "hello", "--jsonl", "file"],
        ["train"],
        ["train", "--data", "btc.csv", "--recipe", "magic"],
        ["evaluate", "--leave-out", "no coin"],
        ["evaluate", "--leave-out", "SOL", "--walk-forward"],
        ["forecast", "--hours", "many"],
        ["forecast", "--hours", "2", "--minutes", "30"],
        ["forecast", "--until", "17:00"],
        ["forecast", "--until", "2026-03-19T17:00"],
        ["forecast", "--until", "noon"],
        ["fetch", "--from", "x"],
        ["--port", "http"],
        ["serve", "--engine", "magic"],
    ],
)
def test_wrong_usage_ends_with_code_2_and_says_why(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        app.main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["forecast", "--symbol", "NOPE"], {}, "'NOPE-USD' is not supported"),
        (["forecast", "--hours", "25"], {}, "Ask for 1 to 24 hours ahead"),
        (["forecast", "--source", "gone.csv"], {}, "gone.csv"),
        (["forecast"], {"MODEL_DIR": "gone"}, "python app.py train"),
        (["serve"], {"MODEL_DIR": "gone"}, "manifest.json"),
        (["serve"], {"PORT": "http"}, "CRYPTOSENSE_PORT"),
        (["serve"], {"PORT": "0", "ALLOWED_ORIGINS": "*"}, "CRYPTOSENSE_ALLOWED_ORIGINS"),
        (["train", "--data", "gone.csv"], {}, "gone.csv"),
        (
            ["train", "--data", "gone.csv", "--symbol", "DOGE", "--recipe", "quantile"],
            {},
            "'DOGE-USD' is not supported",
        ),
        (["train", "--data", "gone.csv", "--recipe", "quantile"], {}, "--other FILE"),
        (["train", "--data", "gone.csv", "--other", "gone.csv", "--recipe", "quantile"], {}, "gone.csv"),
        (
            ["train", "--data", "gone.csv", "--other", "gone.csv", "--recipe", "quantile", "--coins", "c"],
            {},
            "folder c",
        ),
        (
            ["train", "--data", "gone.csv", "--other", "gone.csv", "--recipe", "quantile", "--five-minutes", "f"],
            {},
            "folder f",
        ),
        (["train", "--data", "gone.csv", "--ray"], {}, "without --ray"),
        (["train", "--data", "gone.csv", "--search", "3"], {}, "Add --recipe quantile"),
        (
            ["train", "--data", "a", "--other", "b", "--recipe", "quantile", "--search", "3", "--out", "m"],
            {},
            "without --out",
        ),
        (["evaluate", "--ray"], {}, "--walk-forward"),
        (["evaluate", "--leave-out", "SOL", "--data", "gone.csv"], {}, "Leave out --data"),
        (["evaluate", "--ray", "--walk-forward", "--data", "gone.csv"], {}, "--walk-forward"),
        (["fetch", "--exchange", "nowhere"], {}, "nowhere"),
        (["ask", "--jsonl", "gone.jsonl"], {}, "gone.jsonl"),
    ],
)
def test_what_goes_wrong_is_one_line_on_stderr(arguments, environment, said, monkeypatch, capsys):
    monkeypatch.setenv("CRYPTOSENSE_SOURCE", "demo")
    for name, value in environment.items():
        monkeypatch.setenv(f"CRYPTOSENSE_{name}", value)
    assert app.main(arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert said in error
    assert error.endswith(".") or "python app.py train" in error


def test_an_altered_model_is_refused_by_name_before_anything_is_served(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "altered"
    folder.mkdir()
    for file in (ROOT / "models" / "classic").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    model = bytearray((folder / "model.onnx").read_bytes())
    model[1000] ^= 1
    (folder / "model.onnx").write_bytes(model)
    monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", str(folder))
    assert app.main(["serve"]) == 1
    shown = capsys.readouterr()
    assert "model.onnx" in shown.err
    assert shown.out == ""


def test_a_port_in_use_is_told_at_once(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app.main(["serve", "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"Port {port} of 127.0.0.1 is in use by another program. "
        "Choose another with --port or CRYPTOSENSE_PORT, or another address with --host.\n"
    )


@pytest.mark.parametrize("seconds", [1, 1800, 3599])
def test_a_forecast_starts_from_the_newest_closed_candle_of_the_exchange(exchanges, capsys, seconds):
    exchanges.now = NOON + seconds
    assert app.main(["forecast", "--source", "live", "--json"]) == 0
    issued = Forecast.model_validate_json(capsys.readouterr().out)
    newest = NOON + seconds // FIVE_MINUTES * FIVE_MINUTES
    assert (issued.source, issued.last_close, issued.as_of.timestamp()) == ("bitstamp", LAST_CLOSE, newest)


@pytest.mark.parametrize(
    ("ahead", "minutes"), [(["--minutes", "90"], 90), (["--hours", "3"], 180), (["--until", "2026-03-19T16:10Z"], 250)]
)
def test_a_forecast_looks_so_many_minutes_or_hours_ahead_or_until_a_time(exchanges, capsys, ahead, minutes):
    assert app.main(["forecast", "--source", "live", "--json", *ahead]) == 0
    issued = Forecast.model_validate_json(capsys.readouterr().out)
    last = issued.horizons[-1]
    assert (last.minutes, last.target_time) == (minutes, issued.as_of + timedelta(minutes=minutes))
    assert app.main(["forecast", "--source", "live", *ahead]) == 0
    assert f"({last.target_time:%H:%M}): {last.median:,.2f}, 80 % between" in capsys.readouterr().out


def test_a_time_of_day_on_the_command_line_is_the_next_one():
    (until,) = (command_line(app.chat, app.forecast).parse_args(["forecast", "--until", "17:00Z"]).until,)
    assert (until.hour, until.minute, until.utcoffset()) == (17, 0, timedelta())
    assert timedelta() < until - datetime.now(UTC) <= timedelta(days=1)


@pytest.mark.parametrize("model", ["quantile", "classic"])
def test_the_same_forecast_comes_out_of_every_door(model, exchanges, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", str(ROOT / "models" / model))
    assert app.main(["forecast", "--source", "live", "--json"]) == 0
    issued = Forecast.model_validate_json(capsys.readouterr().out)

    (tmp_path / "turns.jsonl").write_text('{"turns": ["what\'s BTC next hour?"]}\nnonsense\n')
    assert app.main(["ask", "--source", "live", "--jsonl", "turns.jsonl"]) == 0
    answered, refused = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    asked = Forecast.model_validate(answered["forecast"])
    assert alike(*(issued.model_copy(update={"horizons": each.horizons}) for each in (asked, issued)))
    assert asked.last_close == LAST_CLOSE
    assert [call["name"] for call in answered["tool_calls"]] == ["forecast"]
    assert f"{LAST_CLOSE:,.2f}" in answered["answer"]
    assert list(refused) == ["error"]

    with started("serve") as (_, address):
        until_ready(address)
        closes = candles_ending().close[-60:].tolist()
        predicted = httpx.post(f"{address}/predict", json={"prices": closes}, timeout=60).json()[
            "predicted_next_hour_price"
        ]
    if model == "classic":  # sees closes alone wherever it is asked
        assert predicted == round(issued.horizons[0].median, 2)
    else:  # sees candles of both coins in a forecast, and closes alone here
        artifact = load_artifact(ROOT / "models" / model)
        assert predicted == round(open_predictor(artifact, open_engine(artifact)).predict_next_close(closes), 2)


def test_without_an_exchange_live_gives_no_number(exchanges, capsys):
    exchanges.stop()
    assert app.main(["forecast", "--source", "live"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert all(name in shown.err for name in ("bitstamp", "coinbase", "kraken", "binance"))


def test_without_an_exchange_auto_says_that_its_prices_are_simulated(exchanges, capsys):
    exchanges.stop()
    assert app.main(["forecast"]) == 0
    shown = capsys.readouterr().out
    assert "simulated, not market data" in shown
    assert "bitstamp" in shown


def test_history_is_fetched_into_a_file_that_can_be_forecast_from(monkeypatch, capsys):
    newest = int(time.time()) // HOUR * HOUR
    with FakeExchanges(candles_ending(newest)) as fake:
        monkeypatch.setenv("CRYPTOSENSE_KRAKEN_URL", fake.urls["kraken"])
        day = time.strftime("%Y-%m-%d", time.gmtime(newest - 10 * 24 * HOUR))
        assert app.main(["fetch", "--exchange", "kraken", "--from", day, "--out", "btc.csv"]) == 0
    assert "hours of BTC-USD from kraken" in capsys.readouterr().out
    assert app.main(["forecast", "--source", "btc.csv", "--json"]) == 0
    assert Forecast.model_validate_json(capsys.readouterr().out).last_close == LAST_CLOSE


def test_training_without_tensorflow_says_what_to_install(tmp_path):
    rows = (f"{time},{o},{h},{lo},{c},{v}\n" for time, o, h, lo, c, v in candles_ending(hours=1100).rows())
    (tmp_path / "btc.csv").write_text("time,open,high,low,close,volume\n" + "".join(rows))
    code = "import sys; sys.modules['keras'] = None; import app; sys.exit(app.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "train", "--data", str(tmp_path / "btc.csv"), "--out", str(tmp_path / "m")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "pip install -e '.[train]'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_api_alone_serves_and_ends_quietly(by):
    with started("serve") as (process, address):
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE).json() == {"status": "ok"}
        until_ready(address)
        answer = httpx.post(f"{address}/predict", json={"prices": EXAMPLE_PRICES}, timeout=60)
        assert 50_000 < answer.json()["predicted_next_hour_price"] < 75_000
        assert "server" not in answer.headers
        assert stopped(process, by) == (0, "", "")


def test_the_keras_engine_serves_what_onnx_runtime_does(exchanges):
    body = {"symbol": "BTC-USD", "closes": EXAMPLE_PRICES, "last_open_time": NOON - HOUR, "hours": 24}
    told = []
    for engine in ("onnx", "keras"):
        with started("serve", "--engine", engine) as (process, address):
            until_ready(address)
            with ThreadPoolExecutor(8) as clients:  # that ask at once
                asked = [
                    clients.submit(httpx.post, f"{address}/v1/forecast", json=body, timeout=PATIENCE) for _ in range(8)
                ]
                told += [Forecast.model_validate_json(each.result().content) for each in asked]
            assert stopped(process, signal.SIGINT)[0] == 0
    medians = [[each.median for each in forecast.horizons] for forecast in told]
    assert all(each == pytest.approx(medians[0], rel=1e-5) for each in medians)


def test_the_chat_and_the_api_share_a_port_and_end_quietly():
    with started("--source", "demo") as (process, address):
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE).status_code == 200
        assert httpx.get(address, headers={"accept": "text/html"}, timeout=PATIENCE).status_code in (200, 503)
        until_ready(address)
        page = httpx.get(address, headers={"accept": "text/html", "origin": "https://evil.example"}, timeout=60)
        assert page.status_code == 200
        assert "CryptoSense" in page.text
        assert "access-control-allow-origin" not in page.headers
        assert "access-control-allow-credentials" not in page.headers
        assert httpx.get(f"{address}/v1/nothing", timeout=60).json()["status"] == 404
        assert httpx.get(f"{address}/predict", timeout=60).status_code == 405
        assert httpx.post(f"{address}/predict", json={"prices": EXAMPLE_PRICES}, timeout=60).status_code == 200
        with httpx.stream("GET", f"{address}/gradio_api/heartbeat/open-page", timeout=PATIENCE) as page:
            heartbeats = page.iter_raw()
            assert b"ALIVE" in next(heartbeats)
            assert stopped(process, signal.SIGINT) == (0, "", "")
            assert list(heartbeats) == []


def said(stream):
    """What the assistant told in the Server-Sent Events of POST /v1/chat."""
    blocks = [block.split("\n") for block in stream.strip().split("\n\n")]
    words = [json.loads(block[1].removeprefix("data: ")) for block in blocks if block[0] == "event: token"]
    return "".join(each["text"] for each in words)


def test_without_an_exchange_the_chat_answers_from_simulated_prices_and_the_api_not_at_all(exchanges):
    exchanges.stop()
    with started() as (process, address):
        until_ready(address)
        asked = {"messages": [{"role": "user", "content": "what's the price of BTC?"}]}
        assert "simulated, not market data" in said(httpx.post(f"{address}/v1/chat", json=asked, timeout=PATIENCE).text)
        for answer in (
            httpx.get(f"{address}/v1/price?symbol=BTC-USD", timeout=PATIENCE),
            httpx.post(f"{address}/v1/forecast", json={"symbol": "BTC-USD"}, timeout=PATIENCE),
        ):
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
            assert all(f"{name} could not" in answer.text for name in ("bitstamp", "coinbase", "kraken", "binance"))
        assert httpx.post(f"{address}/predict", json={"prices": EXAMPLE_PRICES}, timeout=60).status_code == 200
        assert stopped(process, signal.SIGINT)[0] == 0


def test_metrics_show_forecasts_the_age_of_candles_and_the_model_which_a_new_one_replaces(
    exchanges, tmp_path, monkeypatch
):
    directory = tmp_path / "model"
    shutil.copytree(ROOT / "models" / "quantile", directory)
    monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", str(directory))
    first = load_artifact(directory)
    with started("serve") as (process, address):
        until_ready(address)
        assert f'sha256="{first.sha256}"' in httpx.get(f"{address}/metrics", timeout=60).text
        for body in ({"symbol": "BTC-USD"}, {"symbol": "BTC-USD", "closes": EXAMPLE_PRICES}):
            assert httpx.post(f"{address}/v1/forecast", json=body, timeout=PATIENCE).status_code == 200
        shown = httpx.get(f"{address}/metrics", timeout=60).text
        assert 'cryptosense_forecasts_total{symbol="BTC-USD"} 2.0' in shown
        [age] = re.findall(r'cryptosense_newest_candle_age_seconds{symbol="BTC-USD"} (\S+)', shown)
        assert float(age) <= time.time() - NOON
        save_artifact(directory, first.files, first.manifest.model_copy(update={"version": "9.9"}))
        end = time.monotonic() + PATIENCE
        while 'version="9.9"' not in (shown := httpx.get(f"{address}/metrics", timeout=60).text):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert first.sha256 not in shown
        assert stopped(process, signal.SIGINT)[0] == 0


def test_without_a_model_another_machine_alone_answers_and_readiness_follows_it(
    exchanges, tmp_path, monkeypatch, capsys
):
    with started("serve") as (there, url):
        until_ready(url)
        monkeypatch.setenv("CRYPTOSENSE_BACKEND_URL", url)
        monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", str(tmp_path / "gone"))
        with started() as (process, address):
            until_ready(address)
            assert (
                httpx.get(f"{address}/readyz", timeout=60).json()["model"]
                == httpx.get(f"{url}/readyz", timeout=60).json()["model"]
            )
            live = {"symbol": "BTC-USD", "hours": 24}
            sent = {**live, "closes": EXAMPLE_PRICES, "last_open_time": NOON - HOUR}
            questions = (("predict", {"prices": EXAMPLE_PRICES}), ("v1/forecast", live), ("v1/forecast", sent))
            for path, body in questions:
                here, other = (httpx.post(f"{at}/{path}", json=body, timeout=PATIENCE) for at in (address, url))
                assert here.status_code == 200
                assert here.json() | {"age_seconds": 0} == other.json() | {"age_seconds": 0}
            assert app.main(["forecast", "--json"]) == 0
            assert Forecast.model_validate_json(capsys.readouterr().out).last_close == LAST_CLOSE
            asked = {"messages": [{"role": "user", "content": "what's BTC next hour?"}]}
            assert f"{LAST_CLOSE:,.2f}" in said(httpx.post(f"{address}/v1/chat", json=asked, timeout=PATIENCE).text)
            assert (
                load_artifact(ROOT / "models" / "quantile").sha256 in httpx.get(f"{address}/metrics", timeout=60).text
            )

            stopped(there, signal.SIGINT)
            for path, body in questions:
                answer = httpx.post(f"{address}/{path}", json=body, timeout=PATIENCE)
                assert answer.status_code == 503
                assert "CRYPTOSENSE_BACKEND_URL could not be reached" in answer.json()["detail"]
            end = time.monotonic() + PATIENCE
            while (ready := httpx.get(f"{address}/readyz", timeout=60)).status_code == 200:
                assert time.monotonic() < end
                time.sleep(0.1)
            assert ready.json()["parts"] == {"model": "silent", "chat": "ready"}
            assert "another machine, which could not be reached" in ready.json()["detail"]
            assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200
            assert stopped(process, signal.SIGINT)[0] == 0


def test_a_server_that_is_still_starting_ends_quietly_too():
    with started("--source", "demo") as (process, address):
        httpx.get(f"{address}/healthz", timeout=PATIENCE)
        assert stopped(process, signal.SIGINT) == (0, "", "")
