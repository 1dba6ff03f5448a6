"""The live record of a coin and horizon: all settled forecasts are graded, few are read, and what waits is told."""

from pathlib import Path

import pytest

from forecaster.market.candles import utc
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.fakes import NOON
from tests.support.ledger.over_ledger import lived
from tools.live_record import LOOKED_THROUGH, NEWEST, live_record


async def test_two_hundred_settled_forecasts_are_all_graded_and_the_newest_are_shown(tmp_path: Path):
    with lived(tmp_path, 201) as backend:
        told = await live_record(backend, "BTC-USD", 60)
        assert told.grades is not None and told.grades.n == 200
        assert len(told.forecasts) == NEWEST
        assert told.forecasts[0].forecast.as_of == utc(NOON - HOUR)
        assert told.waiting is not None
        assert (told.waiting.n, told.waiting.next_target) == (1, utc(NOON + HOUR))
        asked = [arguments for name, arguments in backend.calls if name == "history"]
        assert [limit for *_, limit in asked] == [LOOKED_THROUGH]


@pytest.mark.parametrize(
    ("minutes", "settled", "waiting", "due"),
    [(15, 97, 3, 300), (60, 88, 12, 300), (240, 52, 48, 300), (1440, 0, 100, 24 * HOUR - 99 * FIVE_MINUTES)],
)
async def test_every_horizon_is_looked_at_however_far_ahead(tmp_path: Path, minutes, settled, waiting, due):
    with lived(tmp_path, 100, FIVE_MINUTES) as backend:
        told = await live_record(backend, "BTC-USD", minutes)
        assert (told.grades.n if told.grades else 0) == settled
        assert len(told.forecasts) == min(settled, NEWEST)
        assert all(minutes in {each.minutes for each in kept.outcomes} for kept in told.forecasts)
        assert told.waiting is not None
        assert (told.waiting.n, told.waiting.next_target) == (waiting, utc(NOON + due))


async def test_a_fresh_service_says_what_waits_and_an_empty_one_that_nothing_does(tmp_path: Path):
    with lived(tmp_path, 1) as backend:
        told = await live_record(backend, "BTC-USD", 60)
        assert (told.grades, told.forecasts) == (None, ())
        assert told.waiting is not None
        assert (told.waiting.n, told.waiting.next_target) == (1, utc(NOON + HOUR))
        other = await live_record(backend, "ETH-USD", 60)
        assert (other.grades, other.forecasts, other.waiting) == (None, (), None)
