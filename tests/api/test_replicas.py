"""Two services on one PostgreSQL: one of them leads, forecasts by itself, and is followed by the other when it dies."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.ledger.postgres import Server, postgres
from tests.support.service.processes import PATIENCE, started, stopped, until_ready


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


def shown(address: str, metric: str) -> float:
    """A metric of a service, all its series together."""
    text = httpx.get(f"{address}/metrics", timeout=PATIENCE).text
    return sum(float(each) for each in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", text, re.M))


def until_forecasting(address: str) -> None:
    end = time.monotonic() + PATIENCE
    while not (shown(address, "cryptosense_leader") and shown(address, "cryptosense_forecasts_total")):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_one_of_two_forecasts_by_itself_and_when_it_is_killed_the_other_does(server, exchanges, tmp_path):
    settings = {"CRYPTOSENSE_DATABASE_URL": server.new_database(), "CRYPTOSENSE_SCHEDULE": "true"}
    with ExitStack() as stack:
        both = [
            stack.enter_context(started("serve", environment=settings, log=tmp_path / f"{name}.log"))
            for name in ("one", "other")
        ]
        for _, address in both:
            until_ready(address)
        end = time.monotonic() + PATIENCE
        while not (leading := [each for each in both if shown(each[1], "cryptosense_leader")]):
            assert time.monotonic() < end
            time.sleep(0.1)
        ((first, its),) = leading
        ((second, others),) = [each for each in both if each not in leading]
        until_forecasting(its)
        assert shown(others, "cryptosense_leader") == shown(others, "cryptosense_forecasts_total") == 0
        stopped(first, signal.SIGKILL)
        until_forecasting(others)
        assert stopped(second, signal.SIGTERM)[0] == 0
    said = [(tmp_path / f"{name}.log").read_text() for name in ("one", "other")]
    assert ["This replica leads" in each for each in said] == [True, True]
    assert sum("This replica no longer leads" in each for each in said) == 1
