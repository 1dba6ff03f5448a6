"""The quantile network, untrained: what holds by construction whatever its weights are."""

import numpy as np
import pytest

from forecaster.features.dataset import Market
from forecaster.features.hourly import SUBHOUR_KNOWN, Hours, hours_of
from forecaster.features.subhour import SUBHOUR
from forecaster.features.tape import Tape
from forecaster.inference.engine import KerasEngine, OnnxEngine
from forecaster.market.candles import Candles
from forecaster.market.hours_ending import hours_past
from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, probability_up
from forecaster.schema import HOUR, WINDOW, InputKind
from forecaster.training.export import export
from tests.support.artifacts.markets import five_minutes, market, rewritten_after, scaled, tape_of_closes

BTC, ETH = market(1_000, seed=1), market(1_000, seed=2, start=1_500.0)
FINE = five_minutes(20, seed=4)


def sample(past: int = 0, fine: Candles = FINE):
    """The inputs of hours that end so many minutes past, from five-minute candles."""
    hours = Market.of("BTC-USD", hours_past(FINE, 60 * past), ETH[:0], fine).hours
    return hours.inputs(np.arange(320, 470, 10), "full")


SAMPLE = {
    name: np.concatenate([values, *(sample(past)[name] for past in (0, 25))])
    for name, values in hours_of(Tape.of(BTC, ETH)).inputs(np.arange(300, 1_000, 20), "full").items()
}


def disturbed(seed):
    """A network with a second opinion whose every weight matters, as if it had been trained badly."""
    import keras  # here and below, not above: TensorFlow takes half a gigabyte of every process that collects tests

    from forecaster.networks.first_hour import advised
    from forecaster.networks.quantile import quantile_network

    keras.utils.set_random_seed(seed)
    network, random = advised(quantile_network()).network, np.random.default_rng(seed)
    for weight in network.trainable_weights:
        weight.assign(weight + random.normal(0, 0.05, weight.shape))
    return network


@pytest.fixture(scope="module")
def files():
    from forecaster.networks.quantile import ensemble

    return export(ensemble([disturbed(1), disturbed(2)]), SAMPLE)


@pytest.fixture(scope="module")
def engine(files):
    return OnnxEngine(files["model.onnx"])


def quantiles(engine, hours: Hours, kind: InputKind = "full"):
    return engine.run(hours.inputs(np.array([len(hours.channels) - 1]), kind))[0]


def test_keras_and_onnx_runtime_agree_on_two_members(files, engine):
    expected = KerasEngine(files["model.keras"]).run(SAMPLE)
    assert expected.shape == (65, HORIZONS, len(LEVELS))
    assert np.abs(engine.run(SAMPLE) - expected).max() < 1e-4 * np.abs(expected).max()


def test_the_mean_of_two_members_is_their_mean(files, engine):
    members = [np.asarray(disturbed(seed).predict_on_batch(SAMPLE)) for seed in (1, 2)]
    assert engine.run(SAMPLE) == pytest.approx(np.mean(members, axis=0), abs=1e-6)


def test_before_training_the_bands_are_those_of_a_random_walk():
    from forecaster.networks.quantile import quantile_network

    untrained = np.asarray(quantile_network().predict_on_batch(SAMPLE))
    width = untrained[..., -1] - untrained[..., 0]
    assert width / width[:, :1] == pytest.approx(np.tile(np.arange(1, 25) ** 0.5, (65, 1)), rel=0.3)
    assert probability_up(untrained.astype(np.float64)) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("kind", ["full", "closes_only"])
def test_the_price_level_changes_no_log_return(engine, kind):
    here = quantiles(engine, hours_of(Tape.of(BTC, ETH), WINDOW, 1), kind)
    for factor in (1e-8, 1_000.0, 1e8):
        there = quantiles(engine, hours_of(Tape.of(scaled(BTC, factor), ETH), WINDOW, 1), kind)
        assert there == pytest.approx(here, abs=2e-6)


def test_sixty_closes_give_what_masked_candles_give(engine):
    masked = quantiles(engine, hours_of(Tape.of(BTC, ETH), WINDOW, 1), "closes_only")
    closes = quantiles(engine, hours_of(tape_of_closes(BTC.close[-WINDOW:]), WINDOW, 1), "closes_only")
    assert closes == pytest.approx(masked, abs=1e-7)
    assert closes != pytest.approx(quantiles(engine, hours_of(Tape.of(BTC, ETH), WINDOW, 1)), abs=1e-4)


def test_an_unknown_other_symbol_and_none_are_the_same(engine):
    stale = quantiles(engine, hours_of(Tape.of(BTC, ETH[:-1]), WINDOW, 1))
    assert stale == pytest.approx(quantiles(engine, hours_of(Tape.of(BTC), WINDOW, 1)), abs=1e-7)


@pytest.mark.parametrize("kind", ["full", "closes_only"])
@pytest.mark.parametrize(("own", "other"), [(BTC, ETH), (ETH, BTC)], ids=["BTC", "ETH"])
def test_what_comes_after_an_hour_changes_no_forecast_at_or_before_it(engine, own, other, kind):
    for seed, cut in enumerate(np.random.default_rng(4).integers(300, 999, 15)):
        rows = np.arange(cut - 5, cut + 1)
        before = engine.run(hours_of(Tape.of(own, other)).inputs(rows, kind))
        tape = Tape.of(rewritten_after(own, cut, seed), rewritten_after(other, cut, seed + 99))
        after = engine.run(hours_of(tape).inputs(rows, kind))
        assert np.array_equal(after[:-1], before[:-1])
        assert not np.array_equal(after[-1], before[-1])  # the first rewritten hour is seen


def test_minutes_that_are_not_known_and_none_are_the_same(engine):
    hidden = dict(sample(), known=sample()["known"] * (np.arange(4) != SUBHOUR_KNOWN))
    assert engine.run(hidden) == pytest.approx(engine.run(sample(fine=FINE[:100])), abs=1e-7)


def without(name: str, inputs):
    """The same inputs, but for the minutes that are called so."""
    kept = np.array([not each.startswith(name) for each in SUBHOUR], dtype=np.float32)
    return dict(inputs, subhour=inputs["subhour"] * kept)


@pytest.mark.parametrize("past", [0, 25])
def test_what_the_minutes_tell_fades_with_the_hours_ahead(engine, past):
    told, other = engine.run(sample(past)), engine.run(without("fine_range", sample(past)))
    change = np.abs(told[..., -1].astype(np.float64) / other[..., -1] - 1).mean(axis=0)  # (24,)
    assert change[0] > 0.005 and change[-1] < 0.02 * change[0]


@pytest.mark.parametrize("past", [0, 25])
def test_the_minutes_move_no_median_at_full_hours_and_do_between_them(past):
    network, centres = disturbed(1), []
    for inputs in (sample(past), without("fine_move", sample(past))):
        told = np.asarray(network.predict_on_batch(inputs)).astype(np.float64)[:, 0]
        centres.append(told[:, MEDIAN] / (told[:, -1] - told[:, 0]))  # whatever the spread
    assert np.allclose(*centres, rtol=1e-3, atol=1e-5) is (past == 0)


def flat(price: float, spike: float = 1.0, at: int = -1) -> Candles:
    close = np.full(300, price)
    close[at] *= spike
    return Candles.from_rows([(HOUR * (400_000 + i), *[c] * 4, 1.0) for i, c in enumerate(close)])


@pytest.mark.parametrize("kind", ["full", "closes_only"])
@pytest.mark.parametrize("price", [1e-8, 5.0, 1e8])
@pytest.mark.parametrize(("spike", "at"), [(1.0, -1), (1.5, -1), (0.01, -1), (1000.0, -1), (1000.0, -20), (2.0, 3)])
def test_constant_prices_and_spikes_give_finite_ascending_quantiles(engine, price, spike, at, kind):
    candles = flat(price, spike, at)
    told = quantiles(engine, hours_of(Tape.of(candles, candles), WINDOW, 1), kind)
    assert np.isfinite(told).all()
    assert (np.diff(told, axis=1) > 0).all()
