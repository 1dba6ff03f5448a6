"""The quantile predictor: 24 hours at once from both symbols' candles, from fewer, and from closes alone."""

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from forecaster.artifact.manifest import Artifact
from forecaster.errors import InvalidInput, UnsupportedHorizon
from forecaster.features.hourly import hours_of
from forecaster.features.tape import Tape
from forecaster.inference.engine import OnnxEngine
from forecaster.inference.quantile import QuantilePredictor
from forecaster.market.candles import Candles, utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast, ForecastWarning
from tests.support.artifacts.markets import market, rewritten_after, scaled
from tests.support.fakes import NOON

BTC, ETH = market(600, seed=1), market(600, seed=2, start=1_500.0)


def snapshot(candles: Candles, symbol: str = "BTC-USD", **changes: object) -> Snapshot:
    return Snapshot(
        **{"source": "bitstamp", "quote": "USD", "now": NOON + 240.0} | changes, symbol=symbol, candles=candles
    )


def told(predictor, btc=BTC, eth=ETH, hours=24):
    return predictor.forecast(snapshot(btc), hours, snapshot(eth, "ETH-USD") if eth else None)


def prices(forecast: Forecast):
    return np.array([list(horizon.quantiles.values()) for horizon in forecast.horizons])


def test_a_forecast_speaks_of_each_of_the_next_hours(quantile):
    forecast = told(quantile)
    assert [horizon.hours for horizon in forecast.horizons] == list(range(1, 25))
    assert forecast.horizons[5].target_time == utc(NOON + 6 * HOUR)
    assert forecast.last_close == BTC.close[-1]
    assert {"0.025", "0.10", "0.25", "0.50", "0.75", "0.90", "0.975"} <= set(forecast.horizons[0].quantiles)
    assert len(told(quantile, hours=6).horizons) == 6
    assert forecast.warnings == ()


def test_quantiles_ascend_and_the_chance_of_going_up_agrees_with_them(quantile):
    for horizon in told(quantile).horizons:
        assert all(low < high for low, high in pairwise(horizon.quantiles.values()))
        assert horizon.quantiles["0.50"] == horizon.median
        below = [float(level) for level, price in horizon.quantiles.items() if price <= BTC.close[-1]]
        above = [float(level) for level, price in horizon.quantiles.items() if price > BTC.close[-1]]
        assert max(below) - 1e-9 <= 1 - horizon.probability_up <= min(above) + 1e-9
        assert horizon.expected_move_pct > 0


@pytest.mark.parametrize("factor", [1e-8, 1_000.0, 1e8])
def test_prices_a_thousand_times_as_high_give_a_forecast_a_thousand_times_as_high(quantile, factor):
    there = told(quantile, scaled(BTC, factor), scaled(ETH, 1 / factor))
    assert prices(there) == pytest.approx(factor * prices(told(quantile)), rel=1e-5)
    closes = BTC.close[-60:]
    assert quantile.predict_next_close(factor * closes) == pytest.approx(
        factor * quantile.predict_next_close(closes), rel=1e-5
    )


@pytest.mark.parametrize("symbol", ["BTC-USD", "ETH-USD"])
@pytest.mark.parametrize("whole", [True, False], ids=["full", "closes only"])
def test_candles_after_the_newest_one_change_nothing(quantile, symbol, whole):
    own, other = (BTC, ETH) if symbol == "BTC-USD" else (ETH, BTC)
    for seed, cut in enumerate(np.random.default_rng(8).integers(330, 599, 6)):
        start = cut - 300 if whole else cut - 100
        later = rewritten_after(other, cut, seed)  # the other symbol may be further on
        asked = snapshot(own[start:cut], symbol)
        forecast = quantile.forecast(asked, 24, snapshot(other[start:cut]))
        assert quantile.forecast(asked, 24, snapshot(later[start:])) == forecast


def test_a_served_forecast_is_that_of_the_backtest(trained_quantile, quantile):
    engine = OnnxEngine(trained_quantile.files["model.onnx"])
    row = 450
    whole = hours_of(Tape.of(BTC, ETH)).inputs(np.arange(400, 500), "full")
    backtested = quantile._calibration.full.apply(engine.run(whole).astype(np.float64))[row - 400]
    expected = quantile.trackers("BTC-USD")["full"].apply(backtested)
    served = told(quantile, BTC[row - 299 : row + 1], ETH[row - 299 : row + 1])
    assert prices(served) == pytest.approx(BTC.close[row] * np.exp(expected), rel=1e-6)


def test_the_other_symbol_matters_and_a_forecast_is_made_without_it(quantile):
    alone = told(quantile, eth=None)
    assert len(alone.horizons) == 24
    assert prices(alone) != pytest.approx(prices(told(quantile)), rel=1e-7)
    assert prices(told(quantile, eth=ETH[:-1])) == pytest.approx(prices(alone), rel=1e-9)


@pytest.mark.parametrize("count", [60, 100, 288])
def test_with_too_few_candles_the_newest_closes_alone_are_used(quantile, count):
    forecast = told(quantile, BTC[-count:])
    assert ForecastWarning.CLOSES_ONLY in forecast.warnings
    assert f"{count} hours of candles are at hand and 289 are needed" in forecast.notes[0]
    assert forecast.horizons[0].median == pytest.approx(quantile.predict_next_close(BTC.close[-60:]), rel=1e-12)
    assert forecast.skill == quantile.report.row("BTC-USD", "closes_only", 24).mae_skill


def test_each_symbol_answers_with_its_own_record(quantile):
    forecast = quantile.forecast(snapshot(ETH, "ETH-USD"), 1, snapshot(BTC))
    row = quantile.report.row("ETH-USD", "full")
    assert (forecast.skill, forecast.coverage) == (row.mae_skill, row.coverage)


def test_filled_hours_are_flagged_and_counted_in_words(quantile):
    rows = [row for index, row in enumerate(BTC.rows()) if index not in (400, 590, 591)]
    forecast = told(quantile, Candles.from_rows(rows))
    assert ForecastWarning.GAPS_FILLED in forecast.warnings
    assert "3 of the last 289 hours had no trade and were filled forward" in forecast.notes


def test_a_forecast_issued_long_after_training_says_so(quantile):
    old = Candles(BTC.time + 401 * 24 * HOUR, *(getattr(BTC, c) for c in ("open", "high", "low", "close", "volume")))
    assert ForecastWarning.MODEL_EXPIRED in told(quantile, old, None).warnings
    assert ForecastWarning.MODEL_EXPIRED not in told(quantile).warnings


@pytest.mark.parametrize(("spike", "at"), [(1.0, -1), (3.0, -1), (0.001, -1), (1000.0, -20), (1000.0, 3)])
@pytest.mark.parametrize("price", [1e-8, 5.0, 1e8])
def test_a_frozen_or_broken_market_gives_finite_prices_and_a_warning(quantile, price, spike, at):
    close = np.full(300, price)
    close[at] *= spike
    candles = Candles.from_rows([(NOON - HOUR * (300 - i), *[c] * 4, 1.0) for i, c in enumerate(close)])
    forecast = told(quantile, candles, None)
    assert np.isfinite(prices(forecast)).all() and (np.diff(prices(forecast), axis=1) >= 0).all()
    assert ForecastWarning.OUT_OF_DISTRIBUTION in forecast.warnings


def test_moves_from_which_no_price_follows_are_refused(quantile):
    with pytest.raises(InvalidInput, match="no forecast after moves like these"):
        quantile.predict_next_close([1e-300, 1e300] * 30)


@pytest.mark.parametrize(
    "closes", [[1.0] * 59, [1.0] * 61, [], [float("nan")] * 60, [0.0] * 60, [-1.0] * 60, [[1.0]] * 60]
)
def test_anything_but_sixty_positive_closes_is_refused(quantile, closes):
    with pytest.raises(InvalidInput, match="exactly 60 positive closes"):
        quantile.predict_next_close(closes)


@pytest.mark.parametrize("hours", [0, -5, 25, 10**9])
def test_a_horizon_the_model_does_not_have_is_refused(quantile, hours):
    with pytest.raises(UnsupportedHorizon, match="Ask for 1 to 24 hours ahead"):
        told(quantile, hours=hours)


def test_too_long_a_gap_and_too_few_candles_are_refused(quantile):
    with pytest.raises(InvalidInput, match="needs 60 hours of candles and got 59"):
        told(quantile, BTC[-59:])
    with pytest.raises(InvalidInput, match="More than 6 hours in a row"):
        told(quantile, Candles.from_rows([*BTC.rows()[:570], *BTC.rows()[577:]]))


@pytest.mark.parametrize(("asked", "graded"), [(1, 1), (3, 1), (4, 6), (6, 6), (14, 6), (16, 24), (24, 24)])
def test_a_forecast_quotes_the_record_of_the_graded_horizon_nearest_to_its_own(quantile, asked, graded):
    row = next(r for r in quantile.report.table if (r.symbol, r.input, r.hours) == ("BTC-USD", "full", graded))
    forecast = told(quantile, hours=asked)
    assert (forecast.skill, forecast.coverage) == (row.mae_skill, row.coverage)


def test_a_symbol_without_a_record_is_flagged(trained_quantile: Artifact, quantile):
    table = tuple(row for row in trained_quantile.report.table if row.symbol == "BTC-USD")
    report = trained_quantile.report.model_copy(update={"table": table})
    files = trained_quantile.files | {"report.json": report.model_dump_json().encode()}
    predictor = QuantilePredictor(replace(trained_quantile, files=files), OnnxEngine(files["model.onnx"]))
    assert ForecastWarning.UNEVALUATED_SYMBOL in predictor.forecast(snapshot(ETH, "ETH-USD"), 1).warnings
    assert ForecastWarning.UNEVALUATED_SYMBOL not in predictor.forecast(snapshot(BTC), 1).warnings


def test_a_forecast_survives_its_own_json(quantile):
    forecast = told(quantile)
    assert Forecast.model_validate_json(forecast.model_dump_json()) == forecast


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_the_time_zone_of_the_machine_does_not_matter(quantile, monkeypatch, zone):
    here = told(quantile)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", zone)
        time.tzset()
        there = told(quantile)
    time.tzset()
    assert there.model_dump_json() == here.model_dump_json()


def test_many_next_closes_are_those_of_each_alone_and_one_that_is_refused_costs_the_others_nothing(quantile):
    windows = [BTC.close[end - 60 : end] for end in range(60, 92)]
    together = quantile.predict_next_closes([[1.0] * 59, *windows, [1e-300, 1e300] * 30])
    assert together[1:-1] == pytest.approx([quantile.predict_next_close(each) for each in windows], rel=1e-8)
    assert "exactly 60 positive closes" in str(together[0]) and "after moves like these" in str(together[-1])
    assert all(isinstance(each, InvalidInput) for each in quantile.predict_next_closes([[0.0] * 60, []]))


def test_a_coin_that_the_model_never_saw_is_forecast_and_says_whose_record_that_is(quantile):
    sol = scaled(BTC, 0.002)
    forecast = quantile.forecast(snapshot(sol, "SOL-USD"), 24, snapshot(BTC))
    assert forecast.symbol == "SOL-USD" and len(forecast.horizons) == 24
    assert ForecastWarning.UNEVALUATED_SYMBOL in forecast.warnings
    assert any("SOL-USD" in note and "BTC-USD" in note for note in forecast.notes)
    assert ForecastWarning.UNEVALUATED_SYMBOL not in told(quantile).warnings


def test_every_symbol_is_known(quantile):
    assert quantile.known(("BTC-USD", "PEPE-USD")) == ("BTC-USD", "PEPE-USD")
