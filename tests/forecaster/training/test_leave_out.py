"""A coin is graded by networks and bands that saw none of its candles."""

import pytest

from forecaster.errors import InvalidInput
from forecaster.evaluation.coins import FEWEST
from forecaster.market import utc
from forecaster.schema import HOUR
from forecaster.training.leave_out import leave_out
from forecaster.training.quantile import Split
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON

AFTER, YEAR, BEFORE = FEWEST + 40, 200, 400  # hours graded, that calibrate, and before them
LONG = {"BTC-USD": 0, "ETH-USD": 30, "SOL-USD": 70, "ADA-USD": 110}  # hours that a coin came later
HOURS = {
    symbol: market(AFTER + YEAR + BEFORE + 289 - late, seed=late, start=100.0 + late) for symbol, late in LONG.items()
}
SPLIT = Split(utc(NOON - (AFTER + YEAR) * HOUR), utc(NOON - AFTER * HOUR))


def test_each_coin_is_graded_by_networks_that_learned_from_the_others(tmp_path):
    from forecaster.networks.quantile import quantile_network  # not above: TensorFlow would be in every process
    from forecaster.training.fit import Recipe

    network, learned = quantile_network(), {}

    def untrained(trainings, tell):
        for each in trainings:
            learned[each.file.relative_to(tmp_path).as_posix().rpartition("_")[0]] = len(each.examples().channels)
            network.save(each.file)
            tell(each, 1.0)

    told = []
    rows = leave_out(
        ["SOL-USD"], HOURS, {}, SPLIT, lambda *each: told.append(each), untrained, tmp_path, Recipe(seeds=1)
    )
    others = sum(len(candles.time) for symbol, candles in HOURS.items() if symbol != "SOL-USD")
    files = {f"without_SOL-USD/{stop:%Y-%m-%dT%H}_0" for stop in (SPLIT.validation, SPLIT.test)}
    assert learned == dict.fromkeys(files, others)
    assert {(row.symbol, row.hours, row.input) for row in rows} == {
        ("SOL-USD", hours, kind) for hours in (1, 6, 24) for kind in ("full", "closes_only")
    }
    assert all(row.n == AFTER + 1 - row.hours for row in rows)
    assert any(
        doing == f"without SOL-USD until {SPLIT.test:%Y-%m-%d}, network 1 of 1 (2 of 2 done)" for doing, _ in told
    )


@pytest.mark.parametrize(("coin", "why"), [("BTC-USD", "others are forecast beside"), ("XRP-USD", "no file of hours")])
def test_a_coin_that_cannot_be_left_out_is_refused_with_those_that_can(coin, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        leave_out(["SOL-USD", coin], HOURS, {}, SPLIT, print)
    assert refused.value.remedy == "Leave out some of: ADA-USD, SOL-USD."
