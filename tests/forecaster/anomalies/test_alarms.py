"""The evaluation of alarms: what is injected, what rules and detectors make of it, and how it is counted."""

import numpy as np
import pytest

from forecaster.anomalies.alarms import BUDGETS, SIZES, AnomalyRecord, evaluate_anomalies
from forecaster.anomalies.injection import LONG, SHAPES, Injected, Judge, drifting, rule_scores
from forecaster.anomalies.zscore_rule import EWMA, PAST, RULES, Rule
from forecaster.calibration.detector import Detectors, Recent, alarms, limit_for, moves
from forecaster.features.closes import window_volatility
from forecaster.features.dataset import Market
from forecaster.features.hourly import LOOKBACK
from forecaster.features.tape import Tape
from forecaster.market.candles import Candles
from tests.support.artifacts.markets import market, scaled
from tests.support.artifacts.volatility_engine import UNCHANGED, VolatilityEngine
from tests.support.fakes import NOON

HOURS = 480
BTC, ETH = market(HOURS, seed=1), market(HOURS, seed=2, start=1_500.0)
MARKETS = Market.of("BTC-USD", BTC, ETH), Market.of("ETH-USD", ETH, BTC)
TAPES = Tape.of(BTC, ETH), Tape.of(ETH, BTC)
START = NOON - 130 * 3600.0
ENGINE = VolatilityEngine()
KINDS = ("full", "closes_only")


@pytest.fixture(scope="module")
def detectors():
    parts = []
    for each in (Market.of("BTC-USD", own, other) for own, other in ((market(2_500, 5), ETH), (market(2_500, 6), BTC))):
        rows = each.issued(0, float("inf"))
        issued = ENGINE.run(each.hours.inputs(rows, "closes_only")).astype(float)
        parts.append((issued, moves(each.close[rows[0] : rows[-1] + 2])))
    return Detectors.of(dict.fromkeys(KINDS, parts))


@pytest.fixture(scope="module")
def record(detectors):
    told: list[str] = []
    measured = evaluate_anomalies(ENGINE, UNCHANGED, detectors, MARKETS, START, lambda doing, share: told.append(doing))
    assert {"judging BTC-USD", "injecting moves into ETH-USD"} <= set(told)
    return measured


def judged(detectors, kind, own=MARKETS[0]):
    judge = Judge(ENGINE, UNCHANGED.of(kind), detectors.of_kind(kind), kind)
    return judge, judge.judge(own, START)


def as_it_is(count):
    return Recent(np.ones(count), np.ones(count))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_injected_move_scores_as_in_a_market_in_which_it_happened(detectors, kind, shape):
    judge, hours = judged(detectors, kind)
    injected = Injected.into(MARKETS[0].close, hours.rows, shape, 6.0)
    seen = injected.seen(TAPES[0], hours.rows)
    told = judge.scores(hours, injected, seen, as_it_is(len(hours.rows)))
    for number in (0, 40, 90):
        first, path = int(hours.rows[injected.at[number]]) + 1, injected.path[number]
        whole = np.concatenate([path, np.zeros(LONG - len(path))])  # what follows a jump is not looked at
        part, near = slice(first - LOOKBACK, first + LONG), drifting(TAPES[0], first - 1, whole)
        columns = [column.copy() for column in (BTC.high, BTC.low, BTC.close)]
        for column, changed in zip(columns, (near.high, near.low, near.close), strict=True):
            column[part] = changed
        real = Market.of("BTC-USD", Candles(BTC.time, BTC.open, *columns, BTC.volume), ETH)
        happened = judged(detectors, kind, real)[1].scores[injected.at[number] :][: injected.hours]
        assert told[number] == pytest.approx(happened, rel=1e-4)


def test_a_drift_of_nothing_changes_nothing_and_highs_and_lows_hold_every_drift():
    same = drifting(TAPES[0], 400, np.zeros(LONG))
    part = slice(401 - LOOKBACK, 401 + LONG)
    for name in ("time", "high", "low", "close", "volume", "other_close"):
        assert np.array_equal(getattr(same, name), getattr(TAPES[0], name)[part])
    for size in (-0.1, 0.1):
        path = size * np.arange(1, LONG + 1) / LONG
        there = drifting(TAPES[0], 400, path)
        assert np.log(there.close[-LONG:] / same.close[-LONG:]) == pytest.approx(path)
        assert (there.low <= there.close).all() and (there.close <= there.high).all()
        assert np.array_equal(there.close[:-LONG], same.close[:-LONG])


def test_moves_are_injected_in_sigmas_known_when_they_begin_at_the_same_hours_for_every_size():
    rows = np.arange(300, 460)
    small, large = (Injected.into(BTC.close, rows, "jump", size) for size in (3.0, 6.0))
    drift = Injected.into(BTC.close, rows, "drift", 3.0)
    assert np.array_equal(small.at, large.at) and large.path == pytest.approx(2 * small.path)
    assert np.array_equal(small.at, np.unique(small.at)) and small.at.max() < len(rows) - LONG
    sigma = window_volatility(BTC.close)[rows[small.at] - 59]
    assert np.abs(small.path[:, 0]) == pytest.approx(3 * sigma)
    assert {-1.0, 1.0} == set(np.sign(small.path[:, 0]))
    assert np.abs(drift.path[:, -1]) == pytest.approx(3 * np.sqrt(6) * sigma)
    assert np.diff(drift.path, axis=1) == pytest.approx(np.repeat(drift.path[:, :1], LONG - 1, axis=1))


def test_a_rule_is_the_move_over_the_standard_deviation_before_it():
    close = BTC.close[None]
    step = np.diff(np.log(BTC.close))
    assert -Rule(24, (1,)).score(close, 1)[0, 0] == pytest.approx(abs(step[-1]) / step[-25:-1].std())
    long = abs(step[-6:].sum()) / step[-30:-6].std() / np.sqrt(6)
    assert -Rule(24, (1, 6)).score(close, 1)[0, 0] == pytest.approx(max(abs(step[-1]) / step[-25:-1].std(), long))
    assert -Rule(None, (1,)).score(close, 1)[0, 0] == pytest.approx(abs(step[-1]) / window_volatility(BTC.close)[-2])
    assert str(Rule(24, (1, 6))) == "24 h, moves over 1 and 6 h"


@pytest.mark.parametrize("rule", [*RULES, *EWMA], ids=str)
def test_a_rule_reads_neither_later_hours_nor_the_price_level_nor_more_than_its_past(rule):
    told = rule.score(BTC.close[None], 100)
    assert rule.score(BTC.close[None, :-30], 70) == pytest.approx(told[:, :70])
    assert rule.score(scaled(BTC, 1e3).close[None], 100) == pytest.approx(told)
    assert rule.score(BTC.close[None, -PAST - 100 :], 100) == pytest.approx(told)


def test_a_rule_scores_an_injected_move_as_one_that_happened(detectors):
    _, hours = judged(detectors, "full")
    injected = Injected.into(MARKETS[0].close, hours.rows, "drift", 6.0)
    told = rule_scores(RULES[1], hours, injected)
    first = int(hours.rows[injected.at[7]]) + 1
    close = BTC.close.copy()
    close[first : first + LONG] *= np.exp(injected.path[7])
    assert told[7] == pytest.approx(RULES[1].score(close[None, : first + LONG], LONG)[0])


def test_every_budget_shape_and_size_is_graded(record):
    assert len(record.budgets) == 2 * 2 * len(BUDGETS)
    assert len(record.detections) == 2 * len(BUDGETS) * len(SHAPES) * len(SIZES)
    assert {row.hours for row in record.budgets} == {125}
    assert {row.n for row in record.detections} == {2 * 119}
    assert set(record.past) == {"BTC-USD", "ETH-USD"}
    assert AnomalyRecord.model_validate_json(record.model_dump_json()) == record


def test_intervals_hold_what_was_measured(record):
    for row in record.budgets:
        assert row.low <= row.per_year <= row.high
        assert row.per_year == pytest.approx(row.alarms / (row.hours / 24 / 365.25))
        assert row.allowed_per_year == pytest.approx(365.25 / row.days)
    for row in record.detections:
        assert 0 <= row.low <= row.found <= row.high <= 1
        assert row.high - row.low < 4 / np.sqrt(row.n)


def test_larger_moves_are_found_more_often_and_stricter_budgets_find_less(record):
    found = {(row.shape, row.input, row.days, row.sigmas): row.found for row in record.detections}
    for shape in SHAPES:
        for kind in KINDS:
            by_size = [[found[shape, kind, days, size] for size in SIZES] for days in BUDGETS]
            assert (np.diff(by_size, axis=0) <= 0).all()  # a larger budget of days is a stricter one
            assert by_size[1][-1] > by_size[1][0] + 0.3


@pytest.mark.parametrize("days", BUDGETS[:2])
def test_a_rule_raises_as_many_alarms_as_the_detector(detectors, record, days):
    raised = sum(row.alarms for row in record.budgets if (row.input, row.days) == ("full", days))
    row = next(row for row in record.detections if (row.shape, row.input, row.days) == ("jump", "full", days))
    rule = next(rule for rule in RULES if str(rule) == row.rule)
    hours = [judged(detectors, "full", each)[1] for each in MARKETS]
    clean = [rule.score(each.close[None], len(each.rows))[0] for each in hours]
    k = limit_for(clean, raised)
    assert 0 < sum(len(alarms(each, k)) for each in clean) <= raised
    injected = [Injected.into(each.close, each.rows, "jump", row.sigmas) for each in hours]
    scores = [rule_scores(rule, each, moves_) for each, moves_ in zip(hours, injected, strict=True)]
    assert row.rule_found == pytest.approx((np.concatenate(scores) <= k).mean())


def test_the_evaluation_judges_no_hour_by_what_came_after_it(detectors):
    _, whole = judged(detectors, "full")
    columns = (getattr(BTC, name) for name in ("time", "open", "high", "low", "close", "volume"))
    shorter = Market.of("BTC-USD", Candles(*(column[:-40] for column in columns)), ETH)
    _, part = judged(detectors, "full", shorter)
    assert part.scores == pytest.approx(whole.scores[:-40])
