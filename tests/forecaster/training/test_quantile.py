"""Training the quantile recipe: a whole run on two small made-up markets, from candles to an artifact."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from forecaster.errors import DataFileError
from forecaster.features.dataset import Examples, Market, markets_of
from forecaster.features.hourly import LOOKBACK
from forecaster.features.novelty import Familiarity
from forecaster.inference.engine import KerasEngine, OnnxEngine
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR
from forecaster.training.quantile import Split, train_quantile
from tests.support.artifacts.quantile import BTC, ETH, SPLIT
from tests.support.fakes import NOON

MARKETS = markets_of(BTC, ETH)
TEST = SPLIT.test.timestamp()


def test_the_artifact_says_what_it_is(trained_quantile):
    manifest = trained_quantile.manifest
    assert (manifest.recipe, manifest.symbols, manifest.horizons) == ("quantile", ("BTC-USD", "ETH-USD"), 24)
    assert manifest.input_hours == LOOKBACK == 289
    assert manifest.expires - manifest.trained_to == timedelta(days=400)
    assert manifest.headline.skill == trained_quantile.report.skill.value


def test_progress_is_told_network_by_network(trained_quantile, told_while_training):
    doing = [text for text, _ in told_while_training]
    assert "hours until 2026-02-22, network 1 of 1" in doing and "hours until 2026-03-19, network 1 of 1" in doing
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
    with pytest.raises(DataFileError, match="BTC-USD has fewer than 200 hours"):
        train_quantile(BTC, ETH, tmp_path / "model", lambda doing, share: None, split=Split())
    assert not (tmp_path / "model").exists()
    assert int(BTC.time[-1]) + HOUR == NOON
