"""Many forecasts at once: each the same as alone, in order, and none that a neighbour could spoil."""

import numpy as np
import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.inference.engine import open_engine
from forecaster.inference.quantile import BATCH, QuantilePredictor
from forecaster.inference.window import Window
from forecaster.market.candles import Candles
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast
from forecaster.settings import Settings
from tests.support.artifacts.markets import market

BTC, ETH = market(900, seed=1), market(900, seed=2, start=1_500.0)


def snapshot(candles: Candles, symbol: str = "BTC-USD") -> Snapshot:
    return Snapshot(symbol, "caller", "USD", candles, float(candles.time[-1] + HOUR))


def numbers(forecast: Forecast):
    return np.array([list(horizon.quantiles.values()) for horizon in forecast.horizons])


def windows(count: int) -> list[Window]:
    """Windows of every kind, mixed."""
    made = []
    for number in range(count):
        own, other = (BTC, ETH) if number % 3 else (ETH, BTC)
        symbol = "BTC-USD" if number % 3 else "ETH-USD"
        hours = (300, 289, 120, 60)[number % 4]
        part = slice(number + 300 - hours, number + 300)
        known = snapshot(other[part]) if number % 5 else None
        made.append(Window(snapshot(own[part], symbol), known, bare=number % 7 == 0))
    return made


def test_each_forecast_is_the_one_that_its_window_gets_alone(shipped):
    asked = windows(2 * BATCH + 5)
    for window, together in zip(asked, shipped.forecasts(asked, 3), strict=True):
        [alone] = shipped.forecasts([window], 3)
        assert numbers(together) == pytest.approx(numbers(alone), rel=1e-6)
        assert (together.id, together.warnings, together.notes) == (alone.id, alone.warnings, alone.notes)
        if not window.bare:
            assert shipped.forecast(window.snapshot, 3, window.other) == alone


def test_a_window_without_a_forecast_spoils_no_other(shipped):
    impossible = Candles(BTC.time[:60], *[np.array([1e-300, 1e300] * 30)] * 4, np.ones(60))
    asked = windows(40)
    asked[7] = Window(snapshot(BTC[:59]))
    asked[8] = Window(snapshot(impossible))
    answers = shipped.forecasts(asked, 1)
    assert [number for number, answer in enumerate(answers) if isinstance(answer, InvalidInput)] == [7, 8]
    for number in (0, 6, 9, 39):
        [alone] = shipped.forecasts([asked[number]], 1)
        assert numbers(answers[number]) == pytest.approx(numbers(alone), rel=1e-6)


def test_what_the_model_never_learned_is_refused_for_all(shipped, classic):
    with pytest.raises(UnsupportedHorizon):
        shipped.forecasts(windows(2), 25)
    with pytest.raises(UnsupportedSymbol):
        classic.forecasts(windows(2), 1)


def test_a_classic_batch_is_its_forecasts_one_by_one(classic):
    asked = [Window(snapshot(BTC[number : number + 60])) for number in range(4)]
    asked.append(Window(snapshot(BTC[:20])))
    answers = classic.forecasts(asked, 1)
    assert answers[:4] == [classic.forecast(window.snapshot, 1) for window in asked[:4]]
    assert isinstance(answers[4], InvalidInput)


class Broken:
    """Fails at a run of that number; counts them."""

    def __init__(self, engine, at=3):
        self.engine, self.at, self.runs = engine, at, 0

    def run(self, inputs):
        self.runs += 1
        if self.runs == self.at:
            raise ArithmeticError("SECRET")
        return self.engine.run(inputs)


def test_a_failure_of_the_network_reaches_who_asked():
    artifact = load_artifact(Settings().model_dir)
    predictor = QuantilePredictor(artifact, Broken(open_engine(artifact)))
    with pytest.raises(ArithmeticError):
        predictor.forecasts([Window(snapshot(BTC[n : n + 60]), bare=True) for n in range(3 * BATCH)], 1)


def test_the_first_draft_is_there_long_before_the_network_has_run_for_the_last(shipped):
    asked = [Window(snapshot(BTC[n : n + 60]), bare=True) for n in range(5 * BATCH)]
    artifact = load_artifact(Settings().model_dir)
    predictor = QuantilePredictor(artifact, counted := Broken(open_engine(artifact), at=6))
    drafts = predictor.drafts(asked, 1)
    assert counted.runs == 0
    first = next(drafts)
    assert counted.runs <= 2
    assert [each.forecast() for each in (first, *drafts)] == shipped.forecasts(asked, 1)
    assert counted.runs == 5


def test_two_callers_with_different_candles_of_the_same_hour_get_different_ids(shipped):
    base = BTC[-300:]
    other = Candles(base.time, base.open, base.high * 1.0001, base.low, base.close, base.volume)
    ids = {
        shipped.forecasts([Window(snapshot(candles), known)], 1)[0].id
        for candles in (base, other)
        for known in (None, snapshot(ETH[-300:]), snapshot(ETH[-299:]))
    }
    assert len(ids) == 6


def test_a_live_id_is_that_of_symbol_source_candle_and_model(shipped):
    live = [Snapshot("BTC-USD", "bitstamp", "USD", candles, 0.0) for candles in (BTC[-300:], BTC[-200:])]
    assert len({shipped.forecast(each, 1).id for each in live}) == 1
