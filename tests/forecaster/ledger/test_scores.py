"""The CRPS that the ledger keeps of a day is the one that records give; days from before it are read as they are."""

import numpy as np
import pytest
from sqlalchemy import text

from forecaster.evaluation.metrics import score
from forecaster.ledger.settlement import DAY
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.forecaster.ledger.test_folding import BITSTAMP, BTC, EVERY, tape
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, standing

MARKS = DAY // FIVE_MINUTES
NOW = NOON + DAY


def kept(ledger):
    """A forecast every half an hour of a day, all settled an hour ahead."""
    forecasts = [standing(mark, seed=mark % 7, drift=0.0003 * (mark % 5 - 2)) for mark in range(0, MARKS, EVERY)]
    for forecast in forecasts:
        ledger.record(forecast)
    ledger.settle(BTC, BITSTAMP, tape(MARKS + 12))
    return forecasts


def expected(forecasts):
    """The CRPS of a record of the same forecasts of an hour ahead."""
    marks = ((np.array([each.as_of.timestamp() for each in forecasts]) - NOON) / FIVE_MINUTES).astype(int)
    prices = np.array([list(_hour(each).quantiles.values()) for each in forecasts])
    outcome = np.log(tape(MARKS + 12).close[marks + 12 - 1] / CLOSE)
    last = np.full(len(forecasts), CLOSE)
    return score(np.log(prices / CLOSE), outcome, last, np.ones(len(forecasts)), 1.0, 1).crps


def _hour(forecast):
    return next(each for each in forecast.horizons if each.minutes == 60)


def test_the_crps_is_that_of_a_record_of_the_same_forecasts(ledger):
    forecasts = kept(ledger)
    n, crps = ledger.crps(BTC, MODEL.sha256, NOW, 30)
    assert n == len(forecasts)
    assert 1e4 * crps == pytest.approx(expected(forecasts), rel=1e-5)  # prices are kept to one part in 1e9
    assert ledger.crps(BTC, MODEL.sha256, NOW, 30, minutes=30)[0] == n
    assert ledger.crps(BTC, "f" * 64, NOW, 30) == (0, 0.0)


def test_closes_that_come_one_after_the_other_add_up_to_the_same(ledger, tmp_path):
    forecasts = kept(ledger)
    ledger.regrade(BTC, BITSTAMP, NOON // DAY)
    once = ledger.crps(BTC, MODEL.sha256, NOW, 30)
    slow = type(ledger)(f"sqlite:///{tmp_path / 'slow.db'}")
    for forecast in forecasts:
        slow.record(forecast)
        mark = int(forecast.as_of.timestamp() - NOON) // FIVE_MINUTES
        slow.settle(BTC, BITSTAMP, tape(mark, mark - EVERY + 1))
    slow.settle(BTC, BITSTAMP, tape(MARKS + 12, MARKS - EVERY))
    n, crps = slow.crps(BTC, MODEL.sha256, NOW, 30)
    assert (n, crps) == (once[0], pytest.approx(once[1], rel=1e-12))
    slow.close()


def test_days_before_the_last_thirty_do_not_count(ledger):
    kept(ledger)
    first, second = NOON // DAY, NOON // DAY + 1
    of_both, _ = ledger.crps(BTC, MODEL.sha256, DAY * second, 2)
    of_one, _ = ledger.crps(BTC, MODEL.sha256, DAY * second, 1)
    assert of_both > of_one > 0
    assert ledger.crps(BTC, MODEL.sha256, DAY * (first + 40), 30)[0] == 0


def test_a_day_that_an_earlier_version_graded_is_read_without_a_crps_and_gets_one_when_graded_anew(ledger):
    forecasts = kept(ledger)
    before = ledger.track_record().rows
    with ledger._database.begin() as connection:
        connection.execute(text("UPDATE grades SET crps = NULL"))
    assert ledger.track_record().rows == before
    assert ledger.crps(BTC, MODEL.sha256, NOW, 30) == (0, 0.0)
    ledger.settle(BTC, BITSTAMP, tape(MARKS + 13, MARKS + 13))  # adds to what an earlier version left
    assert ledger.crps(BTC, MODEL.sha256, NOW, 30, minutes=60 * 24)[0] <= 1
    for day in (NOON // DAY, NOON // DAY + 1):
        ledger.regrade(BTC, BITSTAMP, day)
    assert ledger.crps(BTC, MODEL.sha256, NOW + HOUR, 30)[0] == len(forecasts)
