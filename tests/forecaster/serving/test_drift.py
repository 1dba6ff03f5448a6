"""An operator sees, coin by coin, how the newest live forecasts compare with the record of the model that made them."""

import asyncio

import pytest

from api.middleware.metrics import Metrics
from forecaster.errors import DatabaseError
from forecaster.ledger.ledger import Ledger
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from forecaster.serving.drift import Drift, drifts, watch
from tests.support.fakes import NOON, FakeSource
from tests.support.ledger.issued import closing, issued
from tests.support.service.v1 import HISTORY, noon

PATIENCE = 30  # seconds
LINE = 'cryptosense_forecast_{}{{symbol="{}"}} {}'


@pytest.fixture
def ledger(tmp_path, shipped):
    """Of the model that answers, with forecasts of BTC whose first outcomes are known."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for hour in range(-5, 1):
        ledger.record(issued(hour, model=shipped.ref))
    ledger.settle("BTC-USD", "bitstamp", closing(0, hours=5))
    yield ledger
    ledger.close()


def recorded(predictor, symbol):
    """The CRPS of an hour ahead in the model's record."""
    rows = predictor.report.table
    return next(row.crps for row in rows if (row.symbol, row.hours, row.input) == (symbol, 1, "full"))


def test_the_newest_forecasts_stand_beside_the_record_of_their_model(ledger, shipped):
    (told,) = drifts(ledger, shipped, NOON)
    n, crps = ledger.crps("BTC-USD", shipped.ref.sha256, NOON, 30)
    assert n == 5
    assert told == Drift("BTC-USD", 5, pytest.approx(1e4 * crps), recorded(shipped, "BTC-USD"))


def test_forecasts_of_another_model_and_those_of_long_ago_say_nothing(ledger, shipped, classic):
    assert drifts(ledger, classic, NOON) == []
    assert drifts(ledger, shipped, NOON + 60 * 86_400) == []


async def test_a_backend_tells_it_as_soon_as_it_is_watched(ledger, shipped):
    counted, stop = Metrics(), asyncio.Event()
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    backend = LocalBackend(source, shipped, ledger=ledger, clock=lambda: float(NOON), observer=counted)
    watching = asyncio.create_task(backend.watch(stop))
    async with asyncio.timeout(PATIENCE):
        while LINE.format("scored_last_30_days", "BTC-USD", 5.0) not in counted.text().decode():
            await asyncio.sleep(0.01)
    stop.set()
    await watching
    assert LINE.format("crps_record", "BTC-USD", recorded(shipped, "BTC-USD")) in counted.text().decode()
    assert "cryptosense_forecast_crps_last_30_days{" in counted.text().decode()


async def test_what_was_told_stays_while_the_ledger_cannot_be_read():
    told, stop = [], asyncio.Event()

    async def look(now):
        stop.set()
        raise DatabaseError("ledger", "does not answer")

    await watch(look, told.append, stop)
    assert told == []


def test_coins_that_have_nothing_more_to_tell_are_forgotten_and_no_coin_outside_the_catalogue_is_named():
    counted = Metrics()
    counted.drifted([Drift("BTC-USD", 9, 25.0, 24.0), Drift("MADEUP-USD", 9, 25.0, 24.0)])
    assert LINE.format("crps_last_30_days", "BTC-USD", 25.0) in counted.text().decode()
    assert "MADEUP" not in counted.text().decode()
    counted.drifted([Drift("ETH-USD", 9, 36.0, 34.0)])
    text = counted.text().decode()
    assert LINE.format("crps_record", "ETH-USD", 34.0) in text and "BTC-USD" not in text
