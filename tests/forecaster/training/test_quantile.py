"""Training the quantile recipe: a whole run on two small made-up markets, from candles to an artifact."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from forecaster.calibration import Calibration
from forecaster.errors import DataFileError
from forecaster.features.dataset import Examples, Market, markets_of
from forecaster.features.hourly import LOOKBACK, SUBHOUR_KNOWN
from forecaster.features.novelty import Familiarity
from forecaster.features.subhour import SUBHOUR
from forecaster.inference.engine import KerasEngine, OnnxEngine
from forecaster.quantiles import HORIZONS, MEDIAN
from forecaster.schema import HOUR
from tests.support.artifacts import markets
from tests.support.artifacts.markets import BTC, ETH, market
from tests.support.artifacts.quantile import FINE
from tests.support.fakes import NOON

MARKETS = markets_of(BTC, ETH)
TEST = markets.TEST.timestamp()


def test_the_artifact_says_what_it_is(trained_quantile):
    manifest = trained_quantile.manifest
    assert (manifest.recipe, manifest.symbols, manifest.horizons) == ("quantile", ("BTC-USD", "ETH-USD"), 24)
    assert manifest.input_hours == LOOKBACK == 289
    assert manifest.expires - manifest.trained_to == timedelta(days=400)
    assert manifest.headline.skill == trained_quantile.report.skill.value
    assert Calibration.model_validate_json(trained_quantile.files["calibration.json"]).within is not None


def test_progress_is_told_network_by_network(trained_quantile, told_while_training):
    doing = [text for text, _ in told_while_training]
    for stop in ("2026-02-22", "2026-03-19"):
        assert any(text.startswith(f"hours until {stop}, network 1 of 1 (") for text in doing)
    assert any(text.endswith(" (3 of 3 done)") for text in doing)
    assert doing[-1] == "saving"
    assert all(0 <= share <= 1 for _, share in told_while_training)


def test_the_table_has_a_row_for_each_symbol_horizon_and_kind_of_input(trained_quantile):
    table = trained_quantile.report.table
    assert {(row.symbol, row.hours, row.input) for row in table} == {
        (symbol, hours, kind)
        for symbol in ("BTC-USD", "ETH-USD")
        for hours in (1, 6, 24)
        for kind in ("full", "closes_only")
    }
    assert all(row.n == 301 - row.hours for row in table)
    assert all(row.crps > 0 and row.coverage["50"] < row.coverage["95"] for row in table)


def test_the_headline_is_the_first_row_of_the_table(trained_quantile):
    report = trained_quantile.report
    row = report.row("BTC-USD", "full")
    assert report.skill.value == pytest.approx(row.mae_skill.value)
    assert report.model.mae == pytest.approx(row.mae)
    assert report.coverage == row.coverage


def test_keras_and_onnx_runtime_agree_on_the_saved_ensemble(trained_quantile):
    inputs = MARKETS[0].hours.inputs(np.arange(400, 430), "full")
    onnx = OnnxEngine(trained_quantile.files["model.onnx"]).run(inputs)
    keras = KerasEngine(trained_quantile.files["model.keras"]).run(inputs)
    assert np.abs(onnx - keras).max() < 1e-4 * np.abs(keras).max()


def test_what_a_network_learns_from_has_closed_before_the_split():
    examples = Examples.before(TEST, MARKETS, 3.0, 10.0)
    starts = np.array([0, len(MARKETS[0].time)])
    market = np.searchsorted(starts, examples.row, side="right") - 1
    time = np.concatenate([each.time for each in MARKETS])[examples.row]
    assert (time + HOUR + HORIZONS * HOUR <= TEST).all()
    assert time.max() + HOUR + HORIZONS * HOUR == TEST
    assert (examples.row - starts[market] >= LOOKBACK - 1).all()
    assert np.isfinite(examples.target).all() and np.isfinite(examples.weight).all()


def test_a_target_is_the_log_return_of_the_hours_that_follow():
    market = MARKETS[0]
    assert market.target[500, 5] == pytest.approx(np.log(market.close[506] / market.close[500]))
    assert np.isnan(market.target[-6, 5]) and np.isfinite(market.target[-7, 5])


def test_older_hours_weigh_less_and_the_first_horizon_more():
    weight = Examples.before(TEST, MARKETS[:1], 0.05, 10.0).weight
    share = weight[:, 0, 0] / weight[:, 0, 1]
    assert (np.diff(share) > 0).all()
    assert weight[0, 0, 1] / weight[0, 3, 1] == pytest.approx(10 * 2)


@pytest.fixture(scope="module")
def learned():
    """Markets of hours and of five minutes, as a training learns from them."""
    from forecaster.training.quantile import markets_to_learn

    return markets_to_learn({"BTC-USD": BTC, "ETH-USD": ETH, "SOL-USD": market(700, seed=7), "ADA-USD": ETH}, FINE)


def batches_of(examples: Examples, **recipe):
    from forecaster.training.fit import Batches, Recipe  # not above: TensorFlow would be in every process of the tests

    return Batches(examples, Recipe(**recipe), 0)


def test_an_hour_that_many_forecasts_share_counts_little_more_than_one(learned):
    examples = Examples.before(NOON, learned, 1e9, 1.0, drawn=3, fresh=2.0)
    _, number, count = np.unique(examples.group, return_inverse=True, return_counts=True)
    shared = count[number]
    assert set(count) >= {1, 2, 12}
    level = examples.weight[:, :, 1] * examples.target / examples.target  # of the median's loss
    sigma = level[:, 23] * np.sqrt(24)
    hours = np.arange(1, HORIZONS + 1)
    for many, shown in ((1, 1), (2, 2), (12, 3)):
        got = level[shared == many] * np.sqrt(hours) / sigma[shared == many, None]
        whole = 1 + 2 * (1 - 1 / many) / hours
        assert got == pytest.approx(np.tile(whole / whole[23], (len(got), 1)), rel=1e-4)
        assert shown == min(many, 3)


def test_an_epoch_shows_a_few_forecasts_of_each_hour_and_others_in_the_next(learned):
    examples = Examples.before(NOON, learned, 3.0, 10.0)
    batches = batches_of(examples, drawn=2, batch=64)
    shown = []
    for _ in range(2):
        rows = np.concatenate([batches[number][0]["row"][:, 0] for number in range(len(batches))])
        group = dict(zip(examples.row.tolist(), examples.group.tolist(), strict=True))
        _, count = np.unique([group[row] for row in rows.tolist()], return_counts=True)
        assert count.max() == 2 and len(rows) == len(set(rows.tolist()))
        shown.append(set(rows.tolist()))
        batches.on_epoch_end()
    assert len(shown[0]) == len(shown[1]) and shown[0] != shown[1]


def test_five_minute_candles_are_hidden_from_a_share_of_the_full_hours(learned):
    examples = Examples.before(NOON, learned, 3.0, 10.0)
    batches = batches_of(examples, hourly=0.5, batch=len(examples.row), drawn=12)
    given, _ = batches[0]
    row, shown = given["row"][:, 0], given["known"][:, SUBHOUR_KNOWN]
    told, full = examples.known[row, 1] == 1, examples.subhour[row, SUBHOUR.index("past_00")] == 1
    assert shown[~told].max() == 0
    assert shown[told & ~full].mean() == pytest.approx(0.75, abs=0.05)  # of the rest only closes are shown
    assert shown[full].mean() == pytest.approx(0.75 * 0.5, abs=0.05)


def test_the_minutes_of_a_trained_network_move_no_median_beyond_the_next_hour(trained_quantile, learned):
    market = next(each for each in learned if each.symbol == "BTC-USD" and each.time[0] % HOUR == 15 * 60)
    inputs = market.hours.inputs(np.arange(400, 430), "full")
    moves = np.array([name.startswith("fine_move") for name in SUBHOUR])
    engine = OnnxEngine(trained_quantile.files["model.onnx"])
    told, still = (engine.run(each)[:, 1] for each in (inputs, dict(inputs, subhour=inputs["subhour"] * ~moves)))
    assert not np.allclose(told, still, rtol=1e-4, atol=0)
    centres = [each[:, MEDIAN] / (each[:, -1] - each[:, 0]) for each in (told, still)]
    assert centres[0] == pytest.approx(centres[1], rel=1e-3, abs=1e-5)


def test_graded_hours_begin_at_the_split():
    market = MARKETS[1]
    rows = market.issued(TEST, float("inf"))
    assert market.time[rows[0] + 1] == TEST
    assert rows[-1] == len(market.time) - 2


def test_a_familiar_hour_is_not_flagged_and_a_frozen_market_is():
    context = MARKETS[0].hours.context
    known = Familiarity.of(context[300:1_000], context[1_000:])
    still = np.full(len(BTC), 100.0)
    frozen = Market.of("BTC-USD", replace(BTC, open=still, high=still, low=still, close=still), ETH).hours.context
    for kind in ("full", "closes_only"):
        assert known.distance(context[500:501], kind) <= known.limit[kind] < known.distance(frozen[-1:], kind)


def test_a_split_that_leaves_no_hours_is_refused(tmp_path):
    from forecaster.training.quantile import Split, train_quantile

    with pytest.raises(DataFileError, match="BTC-USD has fewer than 200 hours"):
        train_quantile(BTC, ETH, tmp_path / "model", lambda doing, share: None, split=Split())
    assert not (tmp_path / "model").exists()
    assert int(BTC.time[-1]) + HOUR == NOON
