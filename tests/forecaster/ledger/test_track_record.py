"""The arithmetic of grades: against the same metrics as the report's, and against numbers worked out by hand."""

import numpy as np
import pytest

from forecaster.evaluation.metrics import metrics
from forecaster.evaluation.significance import skill
from forecaster.ledger.grades import MISSES
from forecaster.ledger.scoring import ENOUGH, Settled, graded
from forecaster.ledger.track_record import inside, pit
from forecaster.market.candles import utc
from forecaster.schema import HOUR
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, issued

HORIZON = issued().horizons[0]


def settled(median, actual, last=CLOSE, *, hour=0, held=(True, True, True), level=0.5):
    return Settled(f"fc_{hour}", last, NOON + hour * HOUR, actual, median, *held, level)


def market(n: int, seed: int = 1) -> list[Settled]:
    """Newest first, as the ledger gives them."""
    random = np.random.default_rng(seed)
    last = CLOSE * np.exp(random.normal(0, 0.01, n))
    actual, median = last * np.exp(random.normal(0, 0.005, n)), last * np.exp(random.normal(0, 0.001, n))
    rows = zip(last.tolist(), actual.tolist(), median.tolist(), random.random((n, 3)) < (0.5, 0.8, 0.95), strict=True)
    return [
        Settled(f"fc_{hour}", before, NOON + hour * HOUR, close, point, *held.tolist(), 0.3)
        for hour, (before, close, point, held) in enumerate(rows)
    ][::-1]


def test_nothing_settled_gives_no_grades():
    assert graded("BTC-USD", 1, MODEL, []) is None


def test_grades_by_hand():
    rows = [
        settled(101.0, 104.0, 100.0, hour=2, held=(False, False, False), level=0.975),  # up, as said
        settled(101.0, 98.0, 100.0, hour=1, held=(False, False, True), level=0.1),  # down, though up was said
        settled(100.0, 102.0, 100.0, hour=0, level=0.6),  # no direction was called
    ]
    row = graded("ETH-USD", 6, MODEL, rows)
    assert (row.symbol, row.hours, row.model, row.n) == ("ETH-USD", 6, MODEL, 3)
    assert (row.graded_from, row.graded_to) == (utc(NOON), utc(NOON + 2 * HOUR))
    assert (row.mae, row.mae_persistence) == (pytest.approx(8 / 3), pytest.approx(8 / 3))
    assert row.skill == pytest.approx(0.0)
    assert (row.skill_low, row.skill_high) == (None, None)
    assert row.direction == 0.5
    assert row.coverage == {"50": pytest.approx(1 / 3), "80": pytest.approx(1 / 3), "95": pytest.approx(2 / 3)}
    assert row.mean_pit == pytest.approx((0.975 + 0.1 + 0.6) / 3)
    assert [(miss.forecast_id, miss.error_pct) for miss in row.misses] == [
        ("fc_2", pytest.approx(100 * (101 / 104 - 1))),
        ("fc_1", pytest.approx(100 * (101 / 98 - 1))),
    ]


def test_a_price_that_never_moved_has_neither_skill_nor_direction():
    row = graded("BTC-USD", 1, MODEL, [settled(CLOSE * 1.001, CLOSE, hour=hour) for hour in range(ENOUGH)])
    assert (row.skill, row.skill_low, row.direction, row.mae_persistence) == (None, None, None, 0.0)


def test_grades_are_those_of_a_report_on_the_same_hours():
    rows = market(1000)
    row = graded("BTC-USD", 1, MODEL, rows)
    last, actual, median = (
        np.array([getattr(each, name) for each in rows[::-1]]) for name in ("last_close", "actual", "median")
    )
    expected = metrics("quantile", median, actual, last)
    assert (row.mae, row.direction) == (pytest.approx(expected.mae), expected.direction)
    assert row.mae_persistence == pytest.approx(metrics("persistence", last, actual, last).mae)
    assert row.coverage["80"] == pytest.approx(np.mean([each.inside_80 for each in rows]))
    value, low, high = skill(np.abs(median - actual), np.abs(last - actual))
    assert row.skill == pytest.approx(value)
    assert row.skill_low < row.skill < row.skill_high
    assert row.skill_high - row.skill_low == pytest.approx(high - low, rel=0.2)  # weeks of days, not of hours


@pytest.mark.parametrize(("n", "known"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_an_interval_needs_two_weeks(n, known):
    row = graded("BTC-USD", 1, MODEL, market(n))
    assert row.skill is not None
    assert ((row.skill_low is not None), (row.skill_high is not None)) == (known, known)


def test_only_the_newest_misses_are_told_newest_first():
    rows = market(200)
    missed = [each.forecast_id for each in rows if not each.inside_80]
    assert len(missed) > MISSES
    assert [miss.forecast_id for miss in graded("BTC-USD", 1, MODEL, rows).misses] == missed[:MISSES]


@pytest.mark.parametrize("level", ["0.025", "0.10", "0.35", "0.50", "0.975"])
def test_the_level_of_a_quantile_is_its_own(level):
    assert pit(HORIZON, HORIZON.quantiles[level]) == pytest.approx(float(level))


def test_the_level_between_two_quantiles_lies_between_theirs():
    low, high = HORIZON.quantiles["0.60"], HORIZON.quantiles["0.65"]
    assert pit(HORIZON, (low * high) ** 0.5) == pytest.approx(0.625)


@pytest.mark.parametrize(("price", "level"), [(1e-9, 0.025), (1e12, 0.975)])
def test_the_level_goes_no_further_than_the_outer_quantiles(price, level):
    assert pit(HORIZON, price) == level


def test_the_order_of_the_quantiles_in_a_forecast_does_not_matter():
    turned = HORIZON.model_copy(update={"quantiles": dict(reversed(HORIZON.quantiles.items()))})
    assert pit(turned, CLOSE * 1.002) == pit(HORIZON, CLOSE * 1.002)


def test_a_band_holds_its_edges_and_nothing_beyond():
    for name, low, high in (("50", "0.25", "0.75"), ("80", "0.10", "0.90"), ("95", "0.025", "0.975")):
        for edge, beyond in ((HORIZON.quantiles[low], 1 - 1e-9), (HORIZON.quantiles[high], 1 + 1e-9)):
            assert inside(HORIZON, edge)[name]
            assert not inside(HORIZON, edge * beyond)[name]
