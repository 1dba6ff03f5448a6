"""What the ledger kept teaches fresh trackers what those of the process that issued it had learned."""

from pathlib import Path

import numpy as np

from forecaster.calibration.adaptive import Tracker
from forecaster.ledger.ledger import FOLDED_FROM, PATIENCE, Ledger
from forecaster.ledger.recorder import Recorder
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, ForecastWarning
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON
from tests.support.ledger.issued import MODEL, alike, closing, issued

N = 80  # hours
LONG = 24 * 24  # hours of a longer life
TAPE = market(N, seed=5, start=70_000.0, close_time=NOON + N * HOUR)


def taught(tmp_path: Path, until: int, source: str = "bitstamp", sha256: str = MODEL.sha256):
    """Fresh trackers, taught by a ledger in which N forecasts were settled by the first `until` hours; what is open."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for forecast in forecasts():
        ledger.record(forecast)
    ledger.settle("BTC-USD", "bitstamp", TAPE[:until])
    past = ledger.past("BTC-USD", source, sha256)
    ledger.close()
    trackers = {"full": Tracker(), "closes_only": Tracker()}
    past.teach(trackers)
    return trackers, past.open


def forecasts():
    """One an hour, of which every fourth was made from closes alone."""
    return [
        issued(
            hour,
            horizons=HORIZONS,
            last_close=float(TAPE.close[hour - 1]),
            drift=0.003 * (hour % 3 - 1),
            warnings=(ForecastWarning.CLOSES_ONLY,) if hour % 4 == 0 else (),
        )
        for hour in range(1, N)
    ]


def learned(until: int):
    """The trackers of a process that was told each outcome as it closed."""
    trackers = {"full": Tracker(), "closes_only": Tracker()}
    given = forecasts()
    for now in range(1, until + 1):
        for forecast in given:
            hour = (int(forecast.as_of.timestamp()) - NOON) // HOUR
            ahead = now - hour
            if 1 <= ahead <= HORIZONS:
                prices = np.array([list(forecast.horizons[ahead - 1].quantiles.values())])
                outcome = np.log(TAPE.close[now - 1 : now] / forecast.last_close)
                kind = "closes_only" if ForecastWarning.CLOSES_ONLY in forecast.warnings else "full"
                trackers[kind].settle(np.array([ahead]), np.log(prices / forecast.last_close), outcome)
    return trackers


def test_trackers_know_after_a_restart_what_they_knew_before_it(tmp_path):
    for until in (2, N // 2, N):
        trackers, _ = taught(tmp_path / str(until), until)
        expected = learned(until)
        for kind, tracker in trackers.items():
            assert np.allclose(tracker.width, expected[kind].width, rtol=0, atol=1e-12)
        assert np.abs(trackers["full"].width).max() > 0


def test_forecasts_with_hours_to_come_are_handed_on_with_what_was_looked_at(tmp_path):
    _, waiting = taught(tmp_path, N)
    expected = forecasts()[-(HORIZONS - 1) :]
    assert all(alike(forecast, other) for (forecast, _), other in zip(waiting, expected, strict=True))
    assert [settled for _, settled in waiting] == list(range(HORIZONS - 1, 0, -1))


def test_another_exchange_or_model_has_another_past(tmp_path):
    for other in ({"source": "kraken"}, {"sha256": "f" * 64}):
        trackers, waiting = taught(tmp_path, N, **other)
        assert not np.abs(trackers["full"].width).any()
        assert waiting == ()


def test_a_forecast_that_waits_for_days_is_not_handed_on(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for hour in (0, 100):
        ledger.record(issued(hour, horizons=HORIZONS))
    ledger.settle("BTC-USD", "bitstamp", closing(3))
    past = ledger.past("BTC-USD", "bitstamp", MODEL.sha256)
    assert [forecast.id for forecast, _ in past.open] == [issued(100, horizons=HORIZONS).id]
    assert alike(past.newest, issued(100, horizons=HORIZONS))
    ledger.close()


def lived(tmp_path: Path) -> Ledger:
    """A ledger of LONG hours, all settled that can be."""
    tape = market(LONG, seed=6, start=70_000.0, close_time=NOON + LONG * HOUR)
    ledger = Ledger(f"sqlite:///{tmp_path / 'long.db'}")
    for hour in range(1, LONG):
        warnings = (ForecastWarning.CLOSES_ONLY,) if hour % 5 == 0 else ()
        last = float(tape.close[hour - 1])
        ledger.record(issued(hour, horizons=HORIZONS, last_close=last, drift=0.004, warnings=warnings))
    ledger.settle("BTC-USD", "bitstamp", tape)
    return ledger


def fresh() -> dict[str, Tracker]:
    return {"full": Tracker(), "closes_only": Tracker()}


def test_what_was_folded_teaches_the_same_and_is_not_read_again(tmp_path):
    ledger, of, begun = lived(tmp_path), ("BTC-USD", "bitstamp", MODEL.sha256), fresh()
    whole = ledger.past(*of)
    whole.teach(begun)
    while ledger.fold(*of, fresh()):
        pass
    rest, again = ledger.past(*of), fresh()
    rest.teach(again)
    for kind, tracker in begun.items():
        assert np.allclose(again[kind].width, tracker.width, rtol=0, atol=1e-12)
        assert np.abs(tracker.width).max() > 0
    assert rest.open == whole.open
    assert len(set(rest.as_of.tolist())) <= FOLDED_FROM + PATIENCE // HOUR < len(set(whole.as_of.tolist()))
    assert not ledger.fold(*of, fresh())
    ledger.close()


def test_a_young_ledger_is_not_folded(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'young.db'}")
    for forecast in forecasts():
        ledger.record(forecast)
    ledger.settle("BTC-USD", "bitstamp", TAPE)
    assert not ledger.fold("BTC-USD", "bitstamp", MODEL.sha256, fresh())
    assert ledger.past("BTC-USD", "bitstamp", MODEL.sha256).widths == {}
    ledger.close()


async def test_a_recorder_folds_before_it_hands_on_and_once_a_day_after(tmp_path):
    ledger, of = lived(tmp_path), ("BTC-USD", "bitstamp", MODEL.sha256)
    recorder = Recorder(ledger)
    past = await recorder.past(*of, fresh)
    assert past is not None and set(past.widths) == {"full", "closes_only"}
    for day in (30, 30, 31):
        recorder.fold(issued(24 * day), fresh)
    await recorder.close()
