"""The command line where there is no home, no known user, nothing to write to: no traceback, and a word about it."""

import contextlib
import signal
import subprocess

import httpx
import pytest

from forecaster.settings import ROOT
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending
from tests.support.service.processes import PATIENCE, run_by, stopped, until_ready
from tests.support.service.strangers import UID, app, need_strangers, python, surroundings

NOTE = "There is no home directory that may be written: candles, forecasts and feedback are kept in"


@pytest.fixture(autouse=True)
def strangers():
    need_strangers()


@pytest.fixture
def exchanges(monkeypatch):
    with FakeExchanges(candles_ending(), now=NOON + 1) as fake:
        for name, value in fake.settings_env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CRYPTOSENSE_DATABASE_URL")
        yield fake


@pytest.fixture
def temporary(tmp_path):
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def ended(command, cwd, **environment):
    """How a command ends: its code, and what it says."""
    done = subprocess.run(
        command, cwd=cwd, env=surroundings(**environment), capture_output=True, text=True, input="", timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def closed(tmp_path):
    """A directory that nobody can write to."""
    (tmp_path / "closed").mkdir(mode=0o500)
    return tmp_path / "closed"


@pytest.mark.parametrize("arguments", [("forecast",), ("ask", "what's BTC next hour?")], ids=lambda each: each[0])
def test_without_a_home_answers_are_given_and_kept_in_a_private_temporary_directory(
    exchanges, closed, temporary, arguments
):
    done = ended(app(*arguments), closed, TMPDIR=temporary)
    assert done.returncode == 0
    assert f"{LAST_CLOSE:,.2f}" in done.stdout
    assert done.stderr.count(NOTE) == 1
    assert f"{temporary}/cryptosense-{UID}" in done.stderr
    assert "Set CRYPTOSENSE_DATABASE_URL" in done.stderr
    kept = temporary / f"cryptosense-{UID}"
    assert (kept / "cryptosense.db").exists()
    assert kept.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("mcp",), 0, ""),
        (("evaluate", "--data", "gone.csv"), 1, "There is no file gone.csv. Check the path."),
        (("train", "--data", "gone.csv", "--out", "model"), 1, "The model cannot be saved to model."),
        (("fetch", "--exchange", "kraken"), 1, "btc-usd_1h.parquet cannot be written."),
        (("ask", "hello"), 0, ""),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_without_a_home_every_command_works_or_says_in_one_line_what_to_do(
    exchanges, closed, temporary, arguments, code, said
):
    done = ended(app(*arguments), closed, TMPDIR=temporary)
    assert done.returncode == code
    assert said in done.stderr
    assert list(closed.iterdir()) == []


@pytest.mark.parametrize("command", [(), ("serve",)], ids=["chat", "serve"])
def test_without_a_home_the_service_becomes_ready_and_ends_quietly(exchanges, closed, temporary, command):
    with run_by(app(*command, "--port", "0"), cwd=closed, env=surroundings(TMPDIR=temporary)) as (process, address):
        until_ready(address)
        answer = httpx.get(f"{address}/v1/price?symbol=BTC-USD", timeout=PATIENCE)
        assert answer.json()["last_close"] == LAST_CLOSE
        code, _, said = stopped(process, signal.SIGINT)
    assert code == 0
    assert "Traceback" not in said
    assert said.count(NOTE) == 1
    assert list(closed.iterdir()) == []


@pytest.mark.parametrize("home", ["closed", "closed/gone", "", "relative", "writable"])
def test_a_home_is_used_where_it_can_be_written(closed, temporary, tmp_path, home):
    (tmp_path / "writable").mkdir()
    (closed / ".local").touch() if home == "relative" else None
    told = "from forecaster.data_directory import data_directory; print(data_directory())"
    place = str(tmp_path / home) if home not in ("", "relative") else home
    done = ended(python("-c", told), ROOT, TMPDIR=temporary, HOME=place)
    usual, makeshift = tmp_path / home / ".local/share/cryptosense", temporary / f"cryptosense-{UID}"
    assert done.stdout.strip() == str(usual if home == "writable" else makeshift)


def test_a_temporary_directory_that_another_may_write_to_is_not_used(exchanges, closed, temporary):
    kept = temporary / f"cryptosense-{UID}"
    kept.mkdir()
    kept.chmod(0o777)
    done = ended(app("forecast"), closed, TMPDIR=temporary)
    assert done.returncode == 0
    assert f"{kept} is not this user's alone. Set CRYPTOSENSE_DATABASE_URL" in done.stderr
    assert list(kept.iterdir()) == []
    kept.rmdir()
    kept.symlink_to(closed)
    assert "is not this user's alone" in ended(app("forecast"), closed, TMPDIR=temporary).stderr


def test_settings_that_may_not_be_read_are_told_in_one_line(closed, tmp_path):
    (tmp_path / ".env").touch(mode=0)
    done = ended(app("forecast"), tmp_path)
    assert done.returncode == 1
    assert (
        done.stderr == "The file .env in this directory cannot be read. Make it UTF-8 text that this user may read.\n"
    )
    with contextlib.suppress(OSError):
        (tmp_path / ".env").chmod(0o600)


def test_a_port_that_only_the_administrator_may_use_is_told_in_one_line(closed, temporary):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as lowest:
        if int(lowest.read()) <= 80:
            pytest.skip("Here, everybody may use every port.")
    done = ended(app("serve", "--port", "80"), closed, TMPDIR=temporary)
    assert done.returncode == 1
    assert "Port 80 of 127.0.0.1 may not be used by this user. Choose another with --port" in done.stderr
