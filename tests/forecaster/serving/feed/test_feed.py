"""The hub: one look for all, none for nobody, and bounded memory for who does not listen well."""

import asyncio
import json
import logging

import pytest

from forecaster.errors import ConfigurationError, NoCandles
from forecaster.ledger.ledger import Ledger
from forecaster.market.candles import utc
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.serving.feed import Feed, Paces
from forecaster.serving.feed.listeners import MOST_WAITING, Listener
from tests.support.fakes import NOON, Clock, surprise
from tests.support.ledger.issued import closing, issued
from tests.support.service.streams import FAST, PATIENCE, Moving

BOTH = "BTC-USD", "ETH-USD"


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def market(ledger):
    return Moving(ledger)


@pytest.fixture
def clock():
    return Clock(NOON + 1.0)


@pytest.fixture
async def feed(market, clock):
    feed = Feed(market, BOTH, paces=FAST, clock=clock)
    yield feed
    await feed.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def until(listener, kind, count=1):
    """The first so many events of a kind."""
    found = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            found += [each for each in await listener.take() if each and each.kind == kind]
    return found[:count]


async def test_nobody_listens_and_nothing_is_asked_then_one_look_serves_fifty(market, feed):
    await asyncio.sleep(0.1)
    assert market.calls == []
    listeners = [feed.listen(["BTC-USD"]) for _ in range(50)]
    await asyncio.gather(*(until(each, "quote") for each in listeners))
    assert market.asked("quote") <= 2
    market.trades(200.0, at=1)
    found = await asyncio.gather(*(until(each, "quote") for each in listeners))
    assert {json.loads(event.data)["price"] for [event] in found} == {200.0}
    assert len({id(event) for [event] in found}) == 1
    for each in listeners:
        feed.leave(each)
    await asyncio.sleep(0)
    asked = market.asked("quote")
    await asyncio.sleep(0.2)
    assert market.asked("quote") == asked


async def test_a_symbol_is_looked_at_as_long_as_somebody_listens_to_it(market, feed):
    one, two = feed.listen(["BTC-USD"]), feed.listen(BOTH)
    await until(two, "quote", 2)
    feed.leave(two)
    asked = sum(call == ("quote", ("ETH-USD",)) for call in market.calls)
    before = market.asked("quote")
    await asyncio.sleep(0.2)
    assert market.asked("quote") > before
    assert sum(call == ("quote", ("ETH-USD",)) for call in market.calls) == asked
    market.trades(200.0, at=1, symbol="ETH-USD")
    market.trades(300.0, at=1)
    events = await until(one, "quote", 2)
    assert {each.symbol for each in events} == {"BTC-USD"}


async def test_candles_forecasts_and_outcomes_are_told(market, ledger, clock, feed):
    listener = feed.listen(["BTC-USD"])
    ledger.record(issued(-1))
    await until(listener, "candle")
    while market.asked("history") < 3:
        await asyncio.sleep(0.01)
    ledger.record(issued(0))
    [event] = await until(listener, "forecast")
    assert json.loads(event.data)["id"] == issued(0).id
    clock.now += HOUR
    ledger.settle("BTC-USD", "bitstamp", closing(1))
    [event] = await until(listener, "settled")
    assert json.loads(event.data)["outcomes"][0]["hours"] in (1, 2)


async def test_an_anomaly_follows_the_candle_that_shows_it(market, feed):
    market.newest = surprise(back=0, days=40.0)
    listener = feed.listen(["BTC-USD"])
    [event] = await until(listener, "anomaly")
    told = json.loads(event.data)
    assert (told["symbol"], told["budget_days"], told["once_in_days"]) == ("BTC-USD", 10.0, 40.0)


async def test_who_comes_back_goes_on_where_it_was_and_who_is_new_is_told_how_things_stand(market, feed):
    one = feed.listen(["BTC-USD"])
    [known] = await until(one, "candle")
    await asyncio.sleep(0.1)  # until both are told
    new = feed.listen(["BTC-USD"])
    assert {each.kind for each in await feed.missed(new)} == {"quote", "candle"}
    feed.leave(one)
    feed.leave(new)
    market.now += FIVE_MINUTES  # while nobody listens
    back = feed.listen(["BTC-USD"], known.id)
    missed = [each for each in await feed.missed(back) if each.kind == "candle"]
    [event] = missed or await until(back, "candle")
    assert json.loads(event.data)["open_time"].startswith(utc(NOON).strftime("%Y-%m-%dT%H:%M"))


async def test_after_a_restart_the_ledger_and_the_candles_tell_what_was_missed_once_for_all(market, ledger, feed):
    known = f"{1000 * (NOON - 3 * FIVE_MINUTES)}-before"
    ledger.record(issued(-1))
    ledger.record(issued(0))
    ledger.settle("BTC-USD", "bitstamp", closing(0))
    listeners = [feed.listen(["BTC-USD"], known) for _ in range(30)]
    found = await asyncio.gather(*(feed.missed(each) for each in listeners))
    kinds = [each.kind for each in found[0] if not each.id]
    assert (kinds.count("forecast"), kinds.count("settled")) == (1, 1)
    assert kinds.count("candle") >= 3
    assert market.asked("history") <= 1 + 2  # one for the missed, and those of the looks


async def test_what_fails_is_logged_once_and_tried_again_and_harms_nothing_else(market, feed, caplog):
    market.failure["quote"] = NoCandles("BTC-USD", ())
    listener = feed.listen(["BTC-USD"])
    with caplog.at_level(logging.WARNING, "forecaster.serving.feed"):
        await until(listener, "candle")
        while market.asked("quote") < 4:
            await asyncio.sleep(0.01)
        assert sum("does not tell the price" in each.message for each in caplog.records) == 1
        del market.failure["quote"]
        await until(listener, "quote")
        await asyncio.sleep(0.05)
    assert sum("tells the price of BTC-USD again" in each.message for each in caplog.records) == 1


async def test_without_a_ledger_prices_are_told_all_the_same(market, feed, caplog):
    market.failure["history"] = ConfigurationError("No forecasts are kept here.", "Ask another.")
    listener = feed.listen(["BTC-USD"])
    await until(listener, "quote")
    await asyncio.sleep(0.1)
    assert market.asked("history") == 1
    assert not caplog.records


async def test_a_source_that_stalls_keeps_nobody_from_leaving(market, clock):
    class Stalled(Moving):
        async def quote(self, symbol):
            await asyncio.Event().wait()

    feed = Feed(Stalled(market.ledger), BOTH, paces=FAST, clock=clock)
    listener = feed.listen(["BTC-USD"])
    await until(listener, "candle")
    async with asyncio.timeout(1):
        await feed.close()
    assert await listener.take() == []
    assert feed.is_full


async def test_there_is_an_end_to_how_many_listen(market):
    feed = Feed(market, BOTH, paces=Paces(), most=2)
    listeners = [feed.listen(["BTC-USD"]) for _ in range(2)]
    assert feed.is_full
    feed.leave(listeners[0])
    assert not feed.is_full
    await feed.close()


async def test_who_takes_nothing_is_dropped_and_what_waited_is_forgotten():
    dropped = []
    listener = Listener(["BTC-USD"], "", lambda: dropped.append(True))
    for _ in range(MOST_WAITING):
        listener.tell(None)
    assert not listener.ended
    listener.tell(None)
    listener.tell(None)
    assert (dropped, listener.ended, await listener.take()) == ([True], True, [])


async def test_a_beat_is_told_to_everybody(feed):
    listener = feed.listen(["ETH-USD"])
    async with asyncio.timeout(PATIENCE):
        while None not in await listener.take():
            pass


async def test_the_service_itself_listens_beside_those_who_may_be_let_in(market):
    feed = Feed(market, ["BTC-USD", "ETH-USD"], paces=FAST, most=1)
    with feed.interest(["BTC-USD"]) as own:
        assert not feed.is_full
        listener = feed.listen(["ETH-USD"])
        assert feed.is_full
        market.trades(70_000.0, at=5)
        async with asyncio.timeout(PATIENCE):
            while not any(each and b"70000.0" in each.data for each in await own.take()):
                pass
        feed.leave(listener)
    assert len(feed) == 0
    market.calls.clear()
    await asyncio.sleep(0.1)
    assert market.calls == []
    await feed.close()
