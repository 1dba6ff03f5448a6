"""The quantile recipe's features: nothing from the future, no price level, the same when served as in a backtest."""

import numpy as np
import pytest

from forecaster.features.hourly import CHANNELS, CONTEXT, FLAGS, FROM_CLOSES, LOOKBACK, hours_of
from forecaster.features.subhour import SUBHOUR
from forecaster.features.tape import Tape
from forecaster.market.candles import Candles
from forecaster.schema import HOUR, WINDOW
from tests.support.artifacts.markets import market, rewritten_after, scaled, tape_of_closes

BTC, ETH = market(1_000, seed=1), market(900, seed=2, start=1_500.0)
WHOLE = hours_of(Tape.of(BTC, ETH))
FREE = [CONTEXT.index(name) for name in FROM_CLOSES]


def without(candles: Candles, hours: range) -> Candles:
    return Candles.from_rows([row for index, row in enumerate(candles.rows()) if index not in hours])


def test_inputs_have_the_shapes_and_names_that_they_promise():
    inputs = WHOLE.inputs(np.array([500, 999]), "full")
    assert {name: values.shape for name, values in inputs.items()} == {
        "window": (2, WINDOW, len(CHANNELS)),
        "context": (2, len(CONTEXT)),
        "subhour": (2, len(SUBHOUR)),
        "known": (2, FLAGS),
    }
    assert {values.dtype for values in inputs.values()} == {np.dtype(np.float32)}
    assert np.array_equal(inputs["window"][0, -1], WHOLE.channels[500])


@pytest.mark.parametrize("row", [400, 640, 999])
def test_three_hundred_served_candles_give_the_features_of_the_backtest(row):
    served = hours_of(Tape.of(BTC[row - 299 : row + 1], ETH[row - 399 : row - 99]), WINDOW, 1)
    there, here = WHOLE.inputs(np.array([row]), "full"), served.inputs(np.array([WINDOW - 1]), "full")
    for name in there:
        assert here[name] == pytest.approx(there[name], abs=1e-6), name


def test_a_context_needs_no_more_candles_than_it_says():
    row = 700
    exact = hours_of(Tape.of(BTC[row + 1 - LOOKBACK : row + 1]), 1, 1).context[0]
    less = hours_of(Tape.of(BTC[row + 2 - LOOKBACK : row + 1]), 1, 1).context[0]
    own = [index for index, name in enumerate(CONTEXT) if not name.startswith("other")]
    assert exact[own] == pytest.approx(WHOLE.context[row, own], abs=1e-6)
    assert less[own] != pytest.approx(WHOLE.context[row, own], abs=1e-6)


@pytest.mark.parametrize("cut", np.random.default_rng(0).integers(LOOKBACK, 1_000, 24))
def test_what_comes_after_an_hour_changes_nothing_before_it(cut):
    rewritten = hours_of(Tape.of(rewritten_after(BTC, cut, 5), rewritten_after(ETH, cut - 100, 6)))
    assert np.array_equal(rewritten.channels[:cut], WHOLE.channels[:cut])
    assert np.array_equal(rewritten.context[:cut], WHOLE.context[:cut])
    assert not cut < 990 or not np.array_equal(rewritten.context[cut:], WHOLE.context[cut:])


@pytest.mark.parametrize("factor", [1e-8, 1e3, 1e8])
def test_the_price_level_changes_nothing(factor):
    other = hours_of(Tape.of(scaled(BTC, factor), scaled(ETH, 1 / factor)))
    assert other.channels == pytest.approx(WHOLE.channels, abs=1e-6)
    assert other.context == pytest.approx(WHOLE.context, abs=1e-5)


def test_sixty_closes_tell_what_is_taken_from_them_exactly():
    closes = hours_of(tape_of_closes(BTC.close[-WINDOW:]), WINDOW, 1)
    assert closes.context[0, FREE] == pytest.approx(WHOLE.context[-1, FREE], abs=1e-6)
    assert closes.channels[1:, 0] == pytest.approx(WHOLE.channels[1 - WINDOW :, 0], abs=1e-7)
    assert not closes.inputs(np.array([WINDOW - 1]), "closes_only")["known"].any()


def test_the_other_symbol_is_known_once_sixty_one_of_its_candles_are():
    assert np.array_equal(np.flatnonzero(WHOLE.other), np.arange(160, 1_000))
    assert not hours_of(Tape.of(BTC)).other.any()
    assert hours_of(Tape.of(BTC, ETH[:-1])).other[-1] == 0


def test_an_hour_without_a_trade_repeats_the_close_before_it():
    tape = Tape.of(without(BTC, range(500, 503)), without(ETH, range(600, 602)))
    assert len(tape.close) == 1_000
    assert (tape.close[500:503] == BTC.close[499]).all() and (tape.volume[500:503] == 0).all()
    assert (tape.other_close[700:702] == ETH.close[599]).all()
    assert np.isfinite(hours_of(tape).context).all()


@pytest.mark.parametrize("price", [1e-8, 5.0, 1e8])
def test_constant_prices_have_finite_features(price):
    flat = Candles.from_rows([(HOUR * (400_000 + i), *[price] * 4, 0.0) for i in range(300)])
    hours = hours_of(Tape.of(flat, flat))
    assert np.isfinite(hours.channels).all() and np.isfinite(hours.context).all()


def test_the_clock_is_that_of_the_hour_to_come():
    monday = 1_773_619_200  # 2026-03-16 00:00 UTC
    candles = Candles.from_rows([(monday - HOUR * (i + 1), 1.0, 1.0, 1.0, 1.0, 1.0) for i in range(60)])
    told = dict(zip(CONTEXT, hours_of(Tape.of(candles), 1, 1).context[0], strict=True))
    assert told["hour_00"] == told["week_0"] == 1
    assert sum(value for name, value in told.items() if name.startswith(("hour_", "week_"))) == 2
