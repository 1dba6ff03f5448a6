"""The predictor: the shipped model on known candles, and what it refuses."""

import itertools

import numpy as np
import pytest

from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.market.candles import Candles, utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast, ForecastWarning
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending


def snapshot(candles: Candles, **changes: object) -> Snapshot:
    return Snapshot(
        **{"symbol": "BTC-USD", "source": "bitstamp", "quote": "USD", "now": NOON + 240.0} | changes, candles=candles
    )


def test_a_forecast_speaks_of_the_hour_after_the_newest_candle(classic):
    forecast = classic.forecast(snapshot(candles_ending()), 1)
    assert forecast.last_close == LAST_CLOSE
    assert forecast.as_of == utc(NOON)
    assert forecast.horizons[0].target_time == utc(NOON + HOUR)
    assert forecast.age_seconds == 240
    assert forecast.model.name == "classic"


def test_predict_and_forecast_give_the_same_price(classic):
    candles = candles_ending()
    price = classic.predict_next_close(candles.close[-60:].tolist())
    horizon = classic.forecast(snapshot(candles), 1).horizons[0]
    assert horizon.median == horizon.quantiles["0.50"] == price


def test_quantiles_ascend_and_the_chance_of_going_up_agrees_with_them(classic):
    horizon = classic.forecast(snapshot(candles_ending()), 1).horizons[0]
    prices = [horizon.quantiles[level] for level in sorted(horizon.quantiles)]
    assert all(low < high for low, high in itertools.pairwise(prices))
    below = [float(level) for level, price in horizon.quantiles.items() if price <= LAST_CLOSE]
    above = [float(level) for level, price in horizon.quantiles.items() if price > LAST_CLOSE]
    assert max(below, default=0) - 0.01 <= 1 - horizon.probability_up <= min(above, default=1) + 0.01


def test_only_the_newest_sixty_hours_matter(classic):
    long, short = candles_ending(hours=300), candles_ending(hours=60)
    assert classic.forecast(snapshot(long), 1) == classic.forecast(snapshot(short), 1)


def test_wilder_hours_give_a_wider_band(classic):
    def width(factor: float) -> float:
        close = LAST_CLOSE * np.exp(factor * 0.002 * (np.arange(60) % 2))
        rows = [(NOON - HOUR * (60 - i), c, c, c, c, 1.0) for i, c in enumerate(close)]
        quantiles = classic.forecast(snapshot(Candles.from_rows(rows)), 1).horizons[0].quantiles
        return np.log(quantiles["0.90"] / quantiles["0.10"])

    assert width(3) == pytest.approx(3 * width(1), rel=1e-6)


def test_filled_hours_are_flagged_and_counted_in_words(classic):
    rows = [row for index, row in enumerate(candles_ending().rows()) if index not in (280, 281)]
    forecast = classic.forecast(snapshot(Candles.from_rows(rows)), 1)
    assert ForecastWarning.GAPS_FILLED in forecast.warnings
    assert "2 of the last 60 hours had no trade and were filled forward" in forecast.notes


def test_warnings_of_the_source_reach_the_forecast(classic):
    flagged = snapshot(candles_ending(), warnings=(ForecastWarning.DEMO_DATA,), notes=("simulated, not market data",))
    assert ForecastWarning.DEMO_DATA in classic.forecast(flagged, 1).warnings
    assert "simulated, not market data" in classic.forecast(flagged, 1).notes


def test_prices_beyond_the_training_range_are_flagged_with_that_range(classic):
    inside, outside = candles_ending(last_close=60_000.0), candles_ending(last_close=80_000.0)
    assert ForecastWarning.OUT_OF_DISTRIBUTION not in classic.forecast(snapshot(inside), 1).warnings
    forecast = classic.forecast(snapshot(outside), 1)
    assert ForecastWarning.OUT_OF_DISTRIBUTION in forecast.warnings
    assert "the model learned from prices between 122 and 68,634 only" in forecast.notes[-1]


def test_the_same_candle_gives_the_same_id_and_another_gives_another(classic):
    first = classic.forecast(snapshot(candles_ending()), 1).id
    assert classic.forecast(snapshot(candles_ending(), now=NOON + 999.0), 1).id == first
    assert classic.forecast(snapshot(candles_ending(), source="kraken"), 1).id != first


def test_a_symbol_the_model_never_saw_is_refused(classic):
    with pytest.raises(UnsupportedSymbol, match="Ask for BTC-USD"):
        classic.forecast(snapshot(candles_ending(), symbol="ETH-USD"), 1)


@pytest.mark.parametrize("hours", [0, -5, 2, 24, 10**9])
def test_a_horizon_the_model_does_not_have_is_refused(classic, hours):
    with pytest.raises(UnsupportedHorizon, match="Ask for 1 hour ahead"):
        classic.forecast(snapshot(candles_ending()), hours)


@pytest.mark.parametrize(
    "closes",
    [[1.0] * 59, [1.0] * 61, [], [float("nan")] * 60, [float("inf")] * 60, [0.0] * 60, [-1.0] * 60, [[1.0]] * 60],
)
def test_anything_but_sixty_positive_closes_is_refused(classic, closes):
    with pytest.raises(InvalidInput, match="exactly 60 positive closes"):
        classic.predict_next_close(closes)


@pytest.mark.parametrize("level", [1e-8, 1.0, 1e8, 1e300])
def test_a_price_level_far_from_all_training_prices_is_refused(classic, level):
    with pytest.raises(InvalidInput, match="no forecast for closes at this level"):
        classic.predict_next_close([level] * 60)


@pytest.mark.parametrize("level", [200.0, 3_000.0, 69_930.25, 500_000.0])
def test_every_price_level_near_the_training_prices_gives_a_positive_price(classic, level):
    assert 0 < classic.predict_next_close([level] * 60) < 10**6


def test_a_forecast_survives_its_own_json(classic):
    forecast = classic.forecast(snapshot(candles_ending()), 1)
    assert Forecast.model_validate_json(forecast.model_dump_json()) == forecast
