"""Alerts are looked at as the feed tells things: one look upstream for all, and each change told once."""

import asyncio
import json

import pytest

from forecaster.alerts.alerts import Wanted
from forecaster.alerts.desk import Desk
from forecaster.alerts.sending import Receiver
from forecaster.alerts.store import Store
from forecaster.alerts.told import StreamAlerts
from forecaster.alerts.watcher import Watcher
from forecaster.errors import NoCandles
from forecaster.ledger import Ledger
from forecaster.schema import FIVE_MINUTES
from forecaster.serving.feed import Feed
from tests.support.fakes import LAST_CLOSE, NOON, Clock, surprise
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.streams import FAST, PATIENCE, Moving


@pytest.fixture
def market(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'alerts.db'}")
    market = Moving(ledger)
    market.longest = 24
    yield market
    ledger.close()


@pytest.fixture
def clock():
    return Clock(NOON + 1.0)


@pytest.fixture
async def desk(tmp_path, clock):
    desk = Desk(Store(f"sqlite:///{tmp_path / 'alerts.db'}"), Receiver(), clock, UNHURRIED)
    yield desk
    await desk.close()


@pytest.fixture
async def feed(market, clock):
    feed = Feed(market, ("BTC-USD", "ETH-USD"), paces=FAST, clock=clock)
    yield feed
    await feed.close()


@pytest.fixture
async def watcher(desk, market, feed, clock):
    """Two of them, as two processes would have."""
    watchers = [Watcher(desk, market, feed, clock=clock, read_again=0.2) for _ in range(2)]
    tasks = [asyncio.create_task(each.run()) for each in watchers]
    yield watchers
    for each in tasks:
        each.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended


def wanted(symbol="BTC-USD", **condition):
    return Wanted(symbol=symbol, condition=condition, webhook=None)


async def notices(desk, count):
    """The first so many that are told on the stream."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await desk.told_since(0.0)) < count:
            await asyncio.sleep(0.02)
    return [json.loads(told.body) for _, told in found]


async def test_a_price_that_crosses_is_told_once_by_two_processes_together(desk, market, watcher):
    await desk.create("alice", wanted(kind="price", above=LAST_CLOSE + 10))
    await asyncio.sleep(0.3)
    assert await desk.told_since(0.0) == []
    market.trades(LAST_CLOSE + 11, at=1)
    [told] = await notices(desk, 1)
    assert (told["value"], told["symbol"], told["source"]) == (LAST_CLOSE + 11, "BTC-USD", "bitstamp")
    market.trades(LAST_CLOSE + 12, at=2)
    await asyncio.sleep(0.4)
    assert len(await desk.told_since(0.0)) == 1
    market.trades(LAST_CLOSE * 0.99, at=3)
    await asyncio.sleep(0.4)
    market.trades(LAST_CLOSE + 12, at=4)
    first, second = await notices(desk, 2)
    assert first["sequence"] < second["sequence"] and first["id"] != second["id"]
    await asyncio.sleep(0.4)
    assert len(await desk.told_since(0.0)) == 2


async def test_what_holds_already_is_told_although_nothing_happens(desk, market, feed, watcher):
    await desk.create("alice", wanted(kind="volatile", above_pct=0.0001))
    [told] = await notices(desk, 1)
    assert told["forecast_id"] == "fc_test" and told["condition"]["kind"] == "volatile"


async def test_an_anomaly_is_told_with_the_candle_that_shows_it(desk, market, clock, watcher):
    market.newest = surprise(back=0, days=0.1).model_copy(update={"anomalous": False})
    for days in (10, 30):
        await desk.create("alice", wanted(kind="anomaly", budget_days=days))
    await asyncio.sleep(0.4)
    assert await desk.told_since(0.0) == []
    market.newest = surprise(back=0, days=40.0).model_copy(update={"anomalous": True})
    market.now += FIVE_MINUTES
    clock.now += FIVE_MINUTES
    found = await notices(desk, 2)
    assert {each["condition"]["budget_days"] for each in found} == {10, 30}
    assert ("anomalies", ("BTC-USD", 1, 30.0)) in market.calls


async def test_a_range_is_kept_with_the_alert_so_that_all_processes_mean_the_same(desk, market, watcher):
    made = await desk.create("alice", wanted(kind="range", percent=95, hours=1))
    async with asyncio.timeout(PATIENCE):
        while (kept := desk.store.get("alice", made.id)[0].standing.range) is None:
            await asyncio.sleep(0.02)
    market.trades(kept.high * 1.01, at=1)
    for told in await notices(desk, 1):  # of either process
        assert told["range"]["high"] == kept.high and "95 % range" in told["text"]


async def test_nothing_is_asked_while_there_are_no_alerts_and_nothing_of_other_coins(desk, market, feed, watcher):
    await asyncio.sleep(0.3)
    assert market.calls == [] and len(feed) == 0
    made = await desk.create("alice", wanted("ETH-USD", kind="price", above=1e9))
    async with asyncio.timeout(PATIENCE):
        while not market.asked("quote"):
            await asyncio.sleep(0.02)
    assert {arguments[0] for method, arguments in market.calls if method == "quote"} == {"ETH-USD"}
    assert len(feed) == 2
    await desk.pause("alice", made.id, True)
    async with asyncio.timeout(PATIENCE):
        while len(feed):
            await asyncio.sleep(0.02)


async def test_alerts_are_looked_at_again_once_the_market_can_be_asked_again(desk, market, clock, watcher, caplog):
    market.failure["forecast"] = NoCandles("BTC-USD", ())
    await desk.create("alice", wanted(kind="volatile", above_pct=0.0001))
    await asyncio.sleep(0.4)
    assert sum("cannot be looked at" in record.message for record in caplog.records) == len(watcher)
    del market.failure["forecast"]
    market.now += FIVE_MINUTES
    await notices(desk, 1)


async def test_the_stream_tells_whose_alert_it_is_and_who_comes_back_what_was_missed(
    desk, market, clock, feed, watcher
):
    made = await desk.create("alice", wanted(kind="price", above=LAST_CLOSE + 10))
    alerts = StreamAlerts(desk, clock, every=0.05)
    mine, other = feed.listen(["BTC-USD"]), feed.listen(["BTC-USD"])
    assert await alerts.begin(mine, None, [made.stream_token]) == []
    assert await alerts.begin(other, "bob", []) == []
    market.trades(LAST_CLOSE + 11, at=1)
    found = []
    async with asyncio.timeout(PATIENCE):
        while not found:
            found = [each for each in await mine.take() if each and each.kind == "alert"]
    assert json.loads(found[0].data)["alert_id"] == made.id and found[0].id == ""
    assert not [each for each in await other.take() if each and each.kind == "alert"]
    alerts.end(mine)
    back = feed.listen(["BTC-USD"], f"{int(1000 * (clock.now - 60))}-abcdef")
    assert [each.data for each in await alerts.begin(back, "alice", [])] == [found[0].data]
    for each in (mine, other, back):
        alerts.end(each)
        feed.leave(each)
