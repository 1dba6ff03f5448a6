"""Deliveries go out at least once and in order; who fails is tried again later, and holds nobody back."""

import asyncio
import logging
from collections import Counter

import pytest

from forecaster.alerts.alerts import Wanted
from forecaster.alerts.courier import Courier, Pace
from forecaster.alerts.desk import Desk
from forecaster.alerts.queue import Queue
from forecaster.alerts.sending import Receiver, Try
from forecaster.alerts.store import Store
from tests.support.fakes import NOON, Clock
from tests.support.ledger.postgres import UNHURRIED

PATIENCE = 30.0
QUICK = Pace(places=4, idle=0.02, waiting=0.02)


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(Store(f"sqlite:///{tmp_path / 'alerts.db'}"), Receiver(), within=UNHURRIED)
    yield desk
    await desk.close()


class Counted:
    """What was counted."""

    def __init__(self):
        self.results = Counter()

    def alert_fired(self, kind):
        pass

    def alert_delivery(self, result):
        self.results[result] += 1

    def alert_deliveries_waiting(self, count):
        pass


class Line:
    """What takes deliveries: by receiver a function of the parcel, or "delivered"."""

    def __init__(self, **how):
        self.how, self.taken, self.most = how, [], Counter()
        self.at_once = Counter()

    async def __call__(self, parcel, now):
        name = parcel.receiver.partition(".")[0]
        self.at_once[name] += 1
        self.most[name] = max(self.most[name], self.at_once[name])
        try:
            self.taken.append((name, parcel.id, now))
            how = self.how.get(name)
            return Try("delivered") if how is None else await how(parcel)
        finally:
            self.at_once[name] -= 1


async def failing(parcel):
    return Try("failed", "answers 500")


async def silent(parcel):
    await asyncio.sleep(3600)


async def told(desk, host, count=3, alerts=1):
    """Queue so many notices for each of so many alerts; their ids by alert."""
    found = []
    for _ in range(alerts):
        wanted = Wanted(symbol="BTC-USD", condition={"kind": "price", "above": 1.0}, webhook=f"https://{host}.example/")
        asked = desk.store.add("alice", wanted, NOON).asked
        found.append([])
        for number in range(1, count + 1):
            standing = asked.standing.model_copy(update={"version": number})
            id_ = f"ev_{asked.id[-8:]}_{number}"
            await desk.change(asked, standing, (id_, "{}"), NOON)
            asked = asked.model_copy(update={"standing": standing})
            found[-1].append(id_)
    return found


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


class Running:
    """A courier at work."""

    def __init__(self, desk, line, clock, pace=QUICK, process="one"):
        self.counted = Counted()
        queue = Queue(desk.store, process)
        self.courier = Courier(desk, queue, line, pace=pace, counted=self.counted, clock=clock, chance=lambda: 1.0)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.courier.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def taken_by(line, name):
    return [id_ for receiver, id_, _ in line.taken if receiver == name]


async def test_notices_of_an_alert_come_in_order_each_once_where_all_goes_well(desk):
    orders = await told(desk, "good", count=5, alerts=4)
    line = Line()
    async with Running(desk, line, Clock(NOON)) as running:
        await until(lambda: len(line.taken) == 20)
        await until(lambda: desk.store.page("alice", "", 1)[0][1] == 0)
    for ids in orders:
        assert [id_ for id_ in taken_by(line, "good") if id_ in ids] == ids
    assert line.most["good"] <= QUICK.each
    assert running.counted.results == {"delivered": 20}


async def test_who_fails_is_tried_again_after_longer_and_longer_and_what_follows_waits(desk, caplog):
    [[first, second]] = await told(desk, "bad", count=2)
    clock, line = Clock(NOON), Line(bad=failing)
    with caplog.at_level(logging.WARNING):
        async with Running(desk, line, clock):
            for wait in (0, 2, 4, 8, 16):
                clock.now += wait
                count = len(line.taken) + 1
                await until(lambda count=count: len(line.taken) == count)
                clock.now += 0.5
                await asyncio.sleep(0.1)  # nothing comes before it is due
                assert len(line.taken) == count
                clock.now -= 0.5
            line.how.clear()
            clock.now += 32
            await until(lambda: second in taken_by(line, "bad"))
    assert taken_by(line, "bad") == [first] * 6 + [second]
    assert [record.message for record in caplog.records if "bad.example" in record.message] == [
        "The webhook at bad.example:443 answers 500. It is tried again for a day."
    ]


async def test_after_a_day_it_is_given_up_and_logged_once(desk, caplog):
    await told(desk, "bad", count=3)
    clock, line = Clock(NOON), Line(bad=failing)
    with caplog.at_level(logging.WARNING):
        async with Running(desk, line, clock) as running:
            await until(lambda: line.taken)
            clock.now += 24 * 3600.0
            await until(lambda: running.counted.results["given_up"] == 3)
    assert sum("given up" in record.message for record in caplog.records) == 1
    assert desk.store.page("alice", "", 1)[0][1] == 0


async def test_receivers_that_never_answer_hold_nobody_back(desk):
    for number in range(6):
        await told(desk, f"silent{number}", count=2)
    line = Line(**{f"silent{number}": slowly for number in range(6)})
    async with Running(desk, line, Clock(NOON)):
        await until(lambda: sum(line.at_once.values()) >= 2)
        await asyncio.sleep(0.5)
        await told(desk, "good", count=10)
        await until(lambda: len(taken_by(line, "good")) == 10)


async def slowly(parcel):
    """As a try that runs out of its time."""
    await asyncio.sleep(0.2)
    return Try("failed", "does not answer in time")


async def test_what_was_being_tried_when_a_process_ends_is_tried_by_the_next_with_the_same_id(desk):
    [[id_]] = await told(desk, "good", count=1)
    hanging, line = Line(good=silent), Line()
    async with Running(desk, hanging, Clock(NOON)):
        await until(lambda: hanging.taken)
    async with Running(desk, line, Clock(NOON), process="two"):
        await until(lambda: line.taken)
    assert taken_by(hanging, "good") == taken_by(line, "good") == [id_]
