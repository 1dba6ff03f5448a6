"""Ends processes while they write a ledger, and looks whether it holds what they were promised."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from forecaster.ledger.ledger import Ledger
from forecaster.ledger.track_record import Kept
from forecaster.schema import HOUR
from forecaster.settings import ROOT
from tests.support.fakes import NOON
from tests.support.ledger.postgres import UNHURRIED

Process = subprocess.Popen[str]


class Promise(NamedTuple):
    what: str  # "kept" the forecast of an hour, or "settled" all that closed at it
    hour: int


def broken_off(url: str, times: int, end: Callable[[Process], None] = Process.kill) -> list[Promise]:
    """What so many writers in turn were promised, each ended by `end` in the midst of something."""
    chance, promises = random.Random(times), list[Promise]()
    for _ in range(times):
        promises += _one(url, 1 + max((promise.hour for promise in promises), default=0), chance, end)
    return promises


def _one(url: str, first: int, chance: random.Random, end: Callable[[Process], None]) -> list[Promise]:
    command = [sys.executable, "-m", "tests.support.ledger.writer", url, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline() for _ in range(chance.randrange(1, 30))]
        time.sleep(chance.uniform(0, 0.01))
        end(process)
        lines += process.stdout.readlines()
        assert lines[0], process.stderr.read()
    return [Promise(what, int(hour)) for what, hour in (line.split() for line in lines)]


def everything(url: str) -> list[Kept]:
    """All that is kept, newest first, page by page."""
    ledger = Ledger(url, answer=UNHURRIED)
    page = ledger.page(limit=200)
    kept = list(page.forecasts)
    while page.next_cursor:
        page = ledger.page(limit=200, cursor=page.next_cursor)
        kept += page.forecasts
    ledger.close()
    return kept


def check(kept: list[Kept], promises: list[Promise]) -> None:
    """Nothing that was promised is lost, and nothing is there twice."""
    hours = [(int(each.forecast.as_of.timestamp()) - NOON) // HOUR for each in kept]
    outcomes = [each.outcomes for each in kept]
    graded = [(hour + each.hours, each.hours) for hour, of in zip(hours, outcomes, strict=True) for each in of]
    assert len(set(hours)) == len(hours)
    assert len(set(graded)) == len(graded)
    assert {promise.hour for promise in promises if promise.what == "kept"} <= set(hours)
    for hour in {promise.hour for promise in promises if promise.what == "settled"}:
        assert {(hour, ahead) for ahead in (1, 2, 3) if hour - ahead >= min(hours)} <= set(graded)
