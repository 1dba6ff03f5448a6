"""Ids rise whatever clocks do, and say from where on somebody knows nothing."""

import pytest

from forecaster.serving.feed.events import QuoteTold, SettledTold
from forecaster.serving.feed.recent import LONGEST_AWAY, Recent, moment
from tests.support.fakes import NOON, Clock
from tests.support.ledger.issued import issued
from tests.support.service.streams import trade


def quote(price, symbol="BTC-USD"):
    return QuoteTold.of(trade(symbol, price))


def outcome(number, symbol="BTC-USD"):
    forecast = issued(number, symbol=symbol)
    return SettledTold(symbol=symbol, source="bitstamp", id=forecast.id, as_of=forecast.as_of, outcomes=())


@pytest.fixture
def clock():
    return Clock(float(NOON))


def test_who_comes_back_is_told_what_was_told_since_and_the_newest_price_alone(clock):
    recent = Recent(clock)
    known = recent.add(quote(1.0))
    told = [recent.add(outcome(1)), recent.add(quote(2.0)), recent.add(outcome(2)), recent.add(quote(3.0))]
    recent.add(outcome(3, "ETH-USD"))
    assert recent.since(known.id, {"BTC-USD"}) == [told[0], told[2], told[3]]
    assert recent.since(told[3].id, {"BTC-USD"}) == []
    assert recent.newest({"BTC-USD"}) == [told[3]]
    recent.forget_quote("BTC-USD")
    assert recent.newest({"BTC-USD"}) == []


def test_ids_rise_when_a_clock_is_set_back(clock):
    recent = Recent(clock)
    ids = [recent.add(outcome(1)).id]
    clock.now -= 3600
    ids += [recent.add(outcome(number)).id for number in range(2, 20)]
    assert [moment(each) for each in ids] == sorted({moment(each) for each in ids})
    assert len(recent.since(ids[0], {"BTC-USD"})) == 18


def test_an_id_from_before_the_ring_or_of_another_process_or_of_nobody_is_not_covered(clock):
    recent, other = Recent(clock, most=3), Recent(clock)
    clock.now += 1
    ids = [recent.add(outcome(number)).id for number in range(5)]
    assert [len(found) if (found := recent.since(each, {"BTC-USD"})) is not None else None for each in ids] == [
        None, 3, 2, 1, 0,
    ]  # fmt: skip
    for unknown in (other.add(outcome(9)).id, "", "x", "-1", "9" * 400, "1-", f"{10**14}-{ids[0].partition('-')[2]}"):
        assert recent.since(unknown, {"BTC-USD"}) is None


@pytest.mark.parametrize(
    ("after", "since"),
    [
        (f"{1000 * (NOON - 60)}-abc", NOON - 60),
        ("0-abc", NOON - LONGEST_AWAY),
        (f"{10**14}-abc", NOON),
        ("nonsense", NOON),
    ],
)
def test_an_id_says_since_when_somebody_was_away_within_a_day(clock, after, since):
    assert Recent(clock).away_since(after) == since
