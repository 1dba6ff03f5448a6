"""No forecast knows what came after it: candles after an hour may be anything, and nothing up to that hour changes."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.calibration.adaptive import tracked
from forecaster.features.dataset import Market
from forecaster.features.hourly import LOOKBACK
from forecaster.inference.backtest import backtest
from tests.support.artifacts.markets import market, rewritten_after

CUTS = 200
BEFORE = 30  # hours up to the cut whose forecasts are looked at: the tracker learns of 24 outcomes within
SYMBOLS = {"BTC-USD": market(420, seed=1), "ETH-USD": market(420, seed=2, start=1_500.0)}


def issued(predictor, symbol, kind, own, other, cut, leak=0):
    """Forecasts as served at the hours up to row `cut`; a leaking market's features lie `leak` hours early."""
    whole = Market.of(symbol, own, other)
    if leak:
        hours = replace(
            whole.hours,
            channels=np.roll(whole.hours.channels, -leak, axis=0),
            context=np.roll(whole.hours.context, -leak, axis=0),
        )
        whole = replace(whole, hours=hours)
    rows = np.arange(cut - BEFORE + 1, cut + 1)
    calibrated = predictor._calibration.of(kind).apply(backtest(predictor._engine, whole, rows, kind))
    closed = whole.closed(rows, float(whole.time[cut] + 3600))  # outcomes that are known when the last one is issued
    return tracked(calibrated, closed, predictor.trackers(symbol)[kind])


def is_causal(predictor, symbol, kind, cut, leak=0):
    own, other = (SYMBOLS[name] for name in sorted(SYMBOLS, key=lambda name: name != symbol))
    seen = issued(predictor, symbol, kind, own, other, cut, leak)
    later = (rewritten_after(candles, cut + 1, seed=cut + seed) for seed, candles in enumerate((own, other)))
    return np.array_equal(seen, issued(predictor, symbol, kind, *later, cut, leak))


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("kind", ["full", "closes_only"])
def test_corrupting_every_later_candle_changes_no_forecast(quantile, symbol, kind):
    cuts = np.random.default_rng(5).integers(LOOKBACK - 2 + BEFORE, 418, CUTS)
    assert all(is_causal(quantile, symbol, kind, int(cut)) for cut in cuts)


@pytest.mark.parametrize("kind", ["full", "closes_only"])
def test_a_planted_leak_of_one_hour_is_caught(quantile, kind):
    assert not any(is_causal(quantile, "BTC-USD", kind, cut, leak=1) for cut in range(330, 410, 10))
