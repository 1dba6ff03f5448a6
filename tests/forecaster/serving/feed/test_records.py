"""What is new in a ledger: forecasts whoever issued them, outcomes once each, and all of it again for who was away."""

import pytest

from forecaster.errors import ConfigurationError
from forecaster.ledger.ledger import Ledger
from forecaster.schema import HOUR
from forecaster.serving.feed.events import ForecastTold, SettledTold
from forecaster.serving.feed.records import ALL_AGAIN, Records, missed_records
from tests.support.fakes import NOON, Clock
from tests.support.ledger.issued import closing, issued
from tests.support.service.streams import Moving


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def clock():
    return Clock(NOON + 60.0)


@pytest.fixture
def records(ledger, clock):
    return Records("BTC-USD", Moving(ledger), clock)


async def test_what_stands_already_is_no_news_and_what_is_issued_then_is(ledger, records, clock):
    ledger.record(issued(0))
    assert await records.news() == []
    assert await records.news() == []
    clock.now += HOUR
    ledger.record(issued(1))  # by whatever process
    ledger.record(issued(1, symbol="ETH-USD"))
    [told] = await records.news()
    assert isinstance(told, ForecastTold)
    assert (told.id, told.horizon.hours, told.symbol) == (issued(1).id, 1, "BTC-USD")
    assert await records.news() == []


async def test_an_outcome_is_told_once_when_it_is_there_and_not_before(ledger, records, clock):
    ledger.record(issued(0))
    ledger.record(issued(1))
    clock.now = NOON + HOUR + 60.0
    assert await records.news() == []
    assert await records.news() == []  # its hour has closed, and nobody has settled it
    ledger.settle("BTC-USD", "bitstamp", closing(1))
    [told] = await records.news()
    assert isinstance(told, SettledTold)
    assert (told.id, [each.hours for each in told.outcomes]) == (issued(0).id, [1])
    assert await records.news() == []
    clock.now += HOUR
    ledger.settle("BTC-USD", "bitstamp", closing(2))
    told = await records.news()
    assert [(each.id, [one.hours for one in each.outcomes]) for each in told] == [
        (issued(0).id, [2]),
        (issued(1).id, [1]),
    ]


async def test_an_outcome_of_another_exchange_is_found_after_a_while(ledger, records, clock):
    ledger.record(issued(0, source="kraken"))
    ledger.record(issued(0.5))
    clock.now = NOON + 1.5 * HOUR + 60
    await records.news()
    ledger.settle("BTC-USD", "kraken", closing(1))
    assert await records.news() == []  # the newest that is due is the other one
    clock.now += ALL_AGAIN
    [told] = await records.news()
    assert told.source == "kraken"
    clock.now -= 10 * ALL_AGAIN  # a clock that was set back
    assert await records.news() == []


async def test_who_was_away_is_told_what_came_since(ledger):
    for hour in range(5):
        ledger.record(issued(hour))
    ledger.settle("BTC-USD", "bitstamp", closing(5))
    since = NOON + 3 * HOUR + 1800
    told = await missed_records(Moving(ledger), "BTC-USD", since, NOON + 5 * HOUR + 60)
    assert [each.id for each in told if isinstance(each, ForecastTold)] == [issued(4).id]
    of = {each.id: [one.target_time.timestamp() for one in each.outcomes] for each in told if hasattr(each, "outcomes")}
    assert set(of) == {issued(hour).id for hour in range(5)}
    assert min(time for times in of.values() for time in times) == NOON + 3 * HOUR  # an hour before, for who was late


async def test_without_a_ledger_the_error_says_so():
    class Without(Moving):
        async def history(self, symbol, since, cursor, limit):
            raise ConfigurationError("No forecasts are kept here.", "Ask another.")

    with pytest.raises(ConfigurationError):
        await Records("BTC-USD", Without()).news()
