"""Old forecasts are folded into grades that say what they said, and the database lets no others go."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import text

from forecaster.errors import ConfigurationError
from forecaster.ledger.grades import MISSES
from forecaster.ledger.ledger import Ledger, Open
from forecaster.ledger.settlement import DAY, LATE
from forecaster.market.candles import Candles
from forecaster.quantiles import HORIZONS
from forecaster.schema import FIVE_MINUTES, HOUR, ModelRef
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, closing, issued, standing
from tests.support.ledger.postgres import UNHURRIED

BTC, BITSTAMP = "BTC-USD", "bitstamp"
DAYS, EVERY = 4, 6  # of a forecast every half an hour
MARKS = DAYS * DAY // FIVE_MINUTES


@pytest.fixture
def short(url: str) -> Iterator[Ledger]:
    """A ledger that keeps two days."""
    ledger = Ledger(url, answer=UNHURRIED, days=2)
    yield ledger
    ledger.close()


def tape(until: int, first: int = 0) -> Candles:
    """Candles of five minutes that close at the marks after noon from `first` to `until`."""
    closes = CLOSE * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.002, MARKS + 400)))
    rows = [
        (NOON + FIVE_MINUTES * (mark - 1), closes[mark], closes[mark], closes[mark], closes[mark], 1.0)
        for mark in range(max(first, 1), until + 1)
    ]
    return Candles.from_rows(rows, FIVE_MINUTES)


def lived(ledger: Ledger, marks: int = MARKS) -> None:
    """A forecast every half an hour, settled every six hours."""
    closes = tape(marks).close
    for mark in range(0, marks, EVERY):
        ledger.record(
            standing(mark, seed=mark % 7, drift=0.0003 * (mark % 5 - 2), last_close=float(closes[max(mark - 1, 0)]))
        )
        if mark % 72 == 0 and mark:
            ledger.settle(BTC, BITSTAMP, tape(mark, mark - 100))


def test_a_record_says_the_same_before_and_after_its_forecasts_are_deleted(short, url):
    whole = Ledger(url, answer=UNHURRIED, days=1000)
    lived(whole)
    last = NOON + MARKS * FIVE_MINUTES
    before, kept = whole.track_record().rows, len(whole.page(limit=200).forecasts)
    assert {row.minutes for row in before} == {15, 30, 45, *range(60, 1441, 60)}
    assert {row.hours for row in before if row.minutes < 60} == {None}
    short.tidy(last)
    after = short.track_record().rows
    for one, other in zip(before, after, strict=True):
        assert one.misses == other.misses and len(one.misses) == MISSES
        names = ("mae", "mae_persistence", "skill", "direction", "mean_pit")
        assert [getattr(one, name) for name in names] == pytest.approx(
            [getattr(other, name) for name in names], rel=1e-12
        )
        assert one.model_copy(update=dict.fromkeys(names, 1)) == other.model_copy(update=dict.fromkeys(names, 1))
    left = short.page(limit=200).forecasts
    assert len(left) < kept
    assert min(each.forecast.as_of.timestamp() for each in left) // DAY == last // DAY - 2
    whole.close()


def test_sums_that_grew_close_by_close_are_those_of_all_at_once(ledger, tmp_path):
    lived(ledger)
    ledger.settle(BTC, BITSTAMP, tape(MARKS))
    once = Ledger(f"sqlite:///{tmp_path / 'once.db'}")
    closes = tape(MARKS).close
    for mark in range(0, MARKS, EVERY):
        once.record(
            standing(mark, seed=mark % 7, drift=0.0003 * (mark % 5 - 2), last_close=float(closes[max(mark - 1, 0)]))
        )
    once.settle(BTC, BITSTAMP, tape(MARKS))
    for one, other in zip(ledger.track_record().rows, once.track_record().rows, strict=True):
        assert one.n == other.n and one.misses == other.misses and one.coverage == pytest.approx(other.coverage)
        assert (one.mae, one.mean_pit) == pytest.approx((other.mae, other.mean_pit), rel=1e-12)
    once.close()


def test_forecasts_go_once_they_are_old_and_only_when_their_own_candles_were_looked_at(short):
    for hour in range(-24 * 4, 2):
        short.record(issued(hour, source="kraken"))
        short.record(issued(hour))
    short.settle(BTC, BITSTAMP, closing(1))
    left = short.page(limit=200).forecasts
    days = {
        source: {each.forecast.as_of.date() for each in left if each.forecast.source == source}
        for source in (BITSTAMP, "kraken")
    }
    assert (len(days[BITSTAMP]), len(days["kraken"])) == (3, 5)
    short.tidy(NOON + HOUR)
    assert len({each.forecast.as_of.date() for each in short.page(limit=200).forecasts}) == 3
    (row,) = short.track_record(BTC, 1).rows
    assert row.n == 24 * 4 + 1
    assert short.get(issued(-24 * 4).id) is None


def test_a_day_is_gone_whole_with_the_closes_that_none_of_the_others_speaks_of(short):
    for hour in range(-24 * 4, 1):
        short.record(issued(hour))
    short.settle(BTC, BITSTAMP, closing(0))
    oldest = min(int(each.forecast.as_of.timestamp()) for each in short.page(limit=200).forecasts)
    assert oldest % DAY == 0
    with short._database.begin() as connection:
        assert connection.scalar(text("SELECT min(time) FROM closes")) == oldest + HOUR
        folded = connection.execute(text("SELECT day, folded FROM grades ORDER BY day")).all()
    days = [(day - oldest // DAY, bool(done)) for day, done in folded]
    assert days == [(-2, True), (-1, True), (0, False), (1, False), (2, False)]


@pytest.mark.parametrize("table", ["forecasts", "closes", "grades"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET source = source"])
def test_the_database_itself_lets_nothing_go_but_what_is_folded(table, change, short):
    for hour in range(-24 * 4, 1):
        short.record(issued(hour))
    short.settle(BTC, BITSTAMP, closing(0))
    with pytest.raises(ConfigurationError) as refused, short._database.begin() as connection:
        connection.execute(text(change.format(table)))
    assert "append-only" in str(refused.value.__cause__)


def test_a_folded_day_does_not_change_any_more(short):
    lived(short)
    short.settle(BTC, BITSTAMP, tape(MARKS))
    before = short.track_record().rows
    assert short.settle(BTC, BITSTAMP, closing(1)) == 0
    short.record(standing(1))  # of a day that is gone
    short.settle(BTC, BITSTAMP, closing(3, hours=3))
    assert [row.n for row in short.track_record().rows][3:] == [row.n for row in before][3:]
    short.tidy(NOON + MARKS * FIVE_MINUTES)
    assert short.get(standing(1).id) is None
    assert [row.n for row in short.track_record().rows] == [row.n for row in before]


def test_five_minute_candles_settle_what_hourly_ones_cannot(ledger):
    ledger.record(standing(1))
    assert ledger.settle(BTC, BITSTAMP, closing(2)) == 0  # five minutes past an hour, no hour closes
    assert ledger.open(NOON + HOUR) == [Open(BTC, BITSTAMP, NOON + 20 * 60 - HOUR)]
    assert ledger.settle(BTC, BITSTAMP, tape(13)) == 4
    outcomes = ledger.get(standing(1).id).outcomes
    assert [(each.minutes, each.hours) for each in outcomes] == [(15, None), (30, None), (45, None), (60, 1)]
    assert [row.minutes for row in ledger.track_record(BTC).rows] == [15, 30, 45, 60]
    assert [row.minutes for row in ledger.track_record(BTC, minutes=30).rows] == [30]


def test_a_horizon_below_an_hour_that_had_closed_when_the_forecast_was_issued_is_never_graded(ledger):
    ledger.record(standing(0, age=31 * 60))
    ledger.settle(BTC, BITSTAMP, tape(24))
    assert [each.minutes for each in ledger.get(standing(0).id).outcomes] == [45, 60, 120]


def test_the_first_close_of_a_time_counts_whatever_step_it_came_in(ledger):
    ledger.record(standing(0))
    ledger.settle(BTC, BITSTAMP, closing(1, last_close=CLOSE * 1.01))
    ledger.settle(BTC, BITSTAMP, tape(12))
    assert ledger.get(standing(0).id).outcomes[-1].actual == CLOSE * 1.01


def test_who_waits_for_long_asks_from_so_late_on_that_an_exchange_comes_to_what_is_new(ledger):
    for mark in range(0, 600, 12):
        ledger.record(standing(mark))
    ledger.settle(BTC, BITSTAMP, tape(400)[100:])  # the first hours are missing for good
    (open_,) = ledger.open(NOON + 600 * FIVE_MINUTES)
    assert NOON + 400 * FIVE_MINUTES - open_.since <= LATE + HOUR


def test_bands_learn_from_the_first_forecast_of_an_hour_of_the_clock(ledger):
    for mark in range(7, 300, 5):
        ledger.record(standing(mark))
    ledger.settle(BTC, BITSTAMP, tape(330))
    past = ledger.past(BTC, BITSTAMP, MODEL.sha256)
    hours = past.as_of // HOUR
    assert len(set(past.as_of.tolist())) == len(set(hours.tolist())) > 20
    first = {
        hour: min(mark for mark in range(7, 300, 5) if (NOON + 300 * mark) // HOUR == hour)
        for hour in set(hours.tolist())
    }
    assert {NOON + 300 * mark for mark in first.values()} == set(past.as_of.tolist())
    assert set(past.hours.tolist()) <= set(range(1, HORIZONS + 1))
    assert past.newest.id == standing(297).id
    assert len(past.open) == len({int(each.as_of.timestamp()) // HOUR for each, _ in past.open})


def test_a_year_of_models_is_told_and_no_older_one(ledger):
    newer = ModelRef(name="quantile", version="2.0", sha256="b" * 64)
    ledger.record(issued(0))
    ledger.record(issued(24 * 400, model=newer))
    ledger.settle(BTC, BITSTAMP, closing(1))
    assert [row.model for row in ledger.track_record(BTC, 1).rows] == [MODEL]
    ledger.settle(BTC, BITSTAMP, closing(24 * 400 + 1, hours=2))
    assert [row.model for row in ledger.track_record(BTC, 1).rows] == [newer]
