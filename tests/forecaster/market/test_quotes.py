"""Which prices are believed beside the newest candle: 20 current sigmas, as far as it may have moved since."""

import numpy as np
import pytest

from forecaster.market.candles import Candles
from forecaster.market.quotes import CALMEST, Quote, believable, volatility
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON


def moving(sigma: float, count: int = 300) -> Candles:
    """Five-minute candles up to noon whose returns are all of one size."""
    close = 100 * np.exp(np.cumsum(sigma * np.where(np.arange(count) % 2, 1, -1)))
    time = NOON - FIVE_MINUTES * np.arange(count, 0, -1)
    return Candles(time, close, close, close, close, close, step=FIVE_MINUTES)


@pytest.mark.parametrize("sigma", [0.001, 0.004, 0.02])
def test_the_current_volatility_is_that_of_the_newest_returns(sigma):
    assert volatility(moving(sigma)) == pytest.approx(sigma)
    before, now = moving(0.05), moving(sigma)
    changed = before.then(Candles(*(column[-200:] for column in now.columns()), step=FIVE_MINUTES))
    assert volatility(changed) == pytest.approx(sigma, rel=0.3)


@pytest.mark.parametrize("minutes", [0, 3, 5, 20, 120])
def test_a_price_may_be_twenty_sigmas_off_after_one_step_and_more_after_more(minutes):
    candles, sigma = moving(0.004), 0.004
    close, time = float(candles.close[-1]), NOON + 60 * minutes
    reach = 20 * sigma * max(1, minutes / 5) ** 0.5
    for off in (-0.99, 0, 0.99):
        assert believable(close * np.exp(off * reach), time, candles)
    for off in (-1.01, 1.01, 5):
        assert not believable(close * np.exp(off * reach), time, candles)


def test_a_market_that_stood_still_may_move_and_one_candle_says_little():
    still = moving(0.0)
    assert volatility(still) == CALMEST
    assert believable(100.9, NOON, still) and not believable(102, NOON, still)
    assert volatility(still[:1]) == 10 * CALMEST


def test_hours_are_taken_where_there_is_nothing_finer():
    hours = market(300)
    assert volatility(hours) > CALMEST
    assert believable(float(hours.close[-1]), NOON + HOUR, hours)
    assert not believable(10 * float(hours.close[-1]), NOON + HOUR, hours)


def test_a_quote_tells_the_age_of_its_trade_in_whole_seconds():
    assert Quote("BTC-USD", "kraken", "USD", 1.0, NOON - 61.5, NOON).age == 61
    assert Quote("BTC-USD", "kraken", "USD", 1.0, NOON + 3, NOON).age == 0
