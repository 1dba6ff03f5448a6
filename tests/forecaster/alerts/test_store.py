"""Alerts and their deliveries in SQLite and PostgreSQL: owned, bounded, changed once, claimed once, in order."""

import threading

import pytest

from forecaster.alerts.alerts import Standing, Wanted
from forecaster.alerts.queue import LEASE, STREAM_DAY, Ended, Queue, Room
from forecaster.alerts.store import Limits, Store
from forecaster.errors import InvalidInput
from tests.support.fakes import NOON
from tests.support.ledger.postgres import UNHURRIED

ROOM = Room(most=100, most_slow=100, each=2, trying={}, slow=())


@pytest.fixture
def store(url):
    store = Store(url, answer=UNHURRIED)
    yield store
    store.close()


@pytest.fixture
def queue(store):
    return Queue(store, "one")


def wanted(webhook="https://a.example/1", **more):
    return Wanted(symbol="BTC-USD", condition={"kind": "price", "above": 100.0}, webhook=webhook, **more)


def made(store, owner="alice", **more):
    return store.add(owner, wanted(**more), NOON).asked


def tell(store, asked, id_, now=NOON):
    """Queue something for an alert; gives it as it stands then."""
    standing = asked.standing.model_copy(update={"version": asked.standing.version + 1})
    assert store.change(asked, standing, (id_, f'{{"id": "{id_}"}}'), now) is True
    return asked.model_copy(update={"standing": standing})


def ids(parcels):
    return [each.id for each in parcels]


def test_an_alert_belongs_to_its_owner(store):
    asked = made(store)
    assert store.get("alice", asked.id) == (asked, 0)
    assert store.get("bob", asked.id) is None
    assert not store.delete("bob", asked.id) and not store.pause("bob", asked.id, True)
    assert store.page("bob", "", 10) == []
    assert store.delete("alice", asked.id)
    assert store.get("alice", asked.id) is None


def test_pages_go_on_after_an_id_also_when_an_alert_is_deleted_meanwhile(store):
    alerts = [store.add("alice", wanted(), NOON + second).asked for second in range(5)]
    first = store.page("alice", "", 2)
    assert [each.id for each, _ in first] == [each.id for each in alerts[:2]]
    store.delete("alice", alerts[1].id)
    assert [each.id for each, _ in store.page("alice", alerts[1].id, 10)] == [each.id for each in alerts[2:]]


@pytest.fixture
def small(url):
    store = Store(url, answer=UNHURRIED, limits=Limits(of_owner=3, alerts=5, waiting_of_alert=2))
    yield store
    store.close()


def test_a_key_has_a_bounded_number_of_alerts_and_all_have_one(small):
    store = small
    for _ in range(3):
        made(store)
    with pytest.raises(InvalidInput, match="Delete one"):
        made(store)
    assert len(store.page("alice", "", 100)) == 3
    for _ in range(2):
        made(store, "bob")
    with pytest.raises(InvalidInput, match="which is the most"):
        made(store, "bob")


def test_of_two_who_see_the_same_change_one_writes_it(store):
    asked = made(store)
    tell(store, asked, "ev_1")
    standing = asked.standing.model_copy(update={"version": 1})
    assert store.change(asked, standing, ("ev_2", "{}"), NOON) is None
    assert store.get("alice", asked.id)[1] == 1


def test_a_paused_alert_does_not_change_and_is_not_watched(store):
    asked = made(store)
    assert store.pause("alice", asked.id, True)
    assert store.active() == []
    paused = store.get("alice", asked.id)[0]
    assert store.change(paused, Standing(version=9), ("ev_1", "{}"), NOON) is None
    assert store.pause("alice", asked.id, False)
    assert [each.id for each in store.active()] == [asked.id]


def test_more_than_may_wait_is_not_queued_and_the_change_is_kept(small):
    store = small
    asked = made(store)
    asked = tell(store, tell(store, asked, "ev_1"), "ev_2")
    standing = asked.standing.model_copy(update={"version": 3})
    assert store.change(asked, standing, ("ev_3", "{}"), NOON) is False
    found, waiting = store.get("alice", asked.id)
    assert (found.standing.version, waiting) == (3, 2)


def test_deliveries_of_an_alert_are_claimed_in_order_and_the_next_when_one_is_over(store, queue):
    asked, other = made(store), made(store, webhook="https://b.example/1")
    tell(store, tell(store, asked, "ev_1"), "ev_2")
    tell(store, other, "ev_3")
    claimed = queue.turn([], ROOM, NOON)
    assert sorted(ids(claimed)) == ["ev_1", "ev_3"]
    assert claimed[0].secret.startswith("whsec_") and claimed[0].url.endswith(".example/1")
    assert queue.turn([], ROOM, NOON) == []
    assert ids(queue.turn([Ended("ev_1", None)], ROOM, NOON)) == ["ev_2"]
    assert queue.waiting(NOON) == 2


def test_what_failed_holds_back_what_follows_until_it_is_due(store, queue):
    tell(store, tell(store, made(store), "ev_1"), "ev_2")
    queue.turn([], ROOM, NOON)
    assert queue.turn([Ended("ev_1", NOON + 10.0, 1)], ROOM, NOON) == []
    [again] = queue.turn([], ROOM, NOON + 10.0)
    assert (again.id, again.tries) == ("ev_1", 1)


def test_a_lease_that_ran_out_or_was_released_is_claimed_by_another_process(store, queue):
    tell(store, made(store), "ev_1")
    other = Queue(store, "two")
    assert ids(queue.turn([], ROOM, NOON)) == ["ev_1"]
    assert other.turn([], ROOM, NOON + LEASE - 1) == []
    assert ids(other.turn([], ROOM, NOON + LEASE)) == ["ev_1"]
    queue.turn([Ended("ev_1", None)], ROOM, NOON + LEASE)  # too late: it is another's now
    other.release()
    assert ids(queue.turn([], ROOM, NOON + LEASE)) == ["ev_1"]


def test_of_one_receiver_few_are_claimed_and_of_slow_ones_one_each(store, queue):
    for number in range(4):
        tell(store, made(store), f"ev_a{number}")
        tell(store, made(store, webhook=f"https://slow{number}.example/"), f"ev_s{number}")
    slow = {f"slow{number}.example:443" for number in range(4)}
    claimed = queue.turn([], ROOM._replace(slow=slow, most_slow=3), NOON)
    assert [each.receiver for each in claimed].count("a.example:443") == 2
    assert sum(each.receiver in slow for each in claimed) == 3
    room = ROOM._replace(trying={"a.example:443": 2}, slow=slow, most_slow=0)
    assert queue.turn([], room, NOON) == []


def test_two_processes_never_claim_the_same(store):
    for number in range(40):
        tell(store, made(store, webhook=f"https://h{number}.example/"), f"ev_{number}")
    found = []

    def claim(name):
        queue = Queue(store, name)
        while parcels := queue.turn([], ROOM._replace(most=3), NOON):
            found.extend(ids(parcels))

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("one", "two", "three")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == len(set(found)) <= 40
    found += ids(Queue(store, "four").turn([], ROOM, NOON))
    assert len(found) == len(set(found)) == 40


def test_what_an_alert_has_yet_to_tell_goes_with_it(store, queue):
    asked = made(store)
    tell(store, asked, "ev_1")
    store.delete("alice", asked.id)
    assert queue.turn([], ROOM, NOON) == [] and queue.waiting(NOON) == 0


def test_the_stream_is_told_what_its_holder_may_hear_for_a_day(store, queue):
    mine = store.add("alice", wanted(webhook=None), NOON)
    other = store.add("bob", wanted(webhook=None), NOON)
    assert mine.secret == "" and mine.token.startswith("st_")
    tell(store, mine.asked, "ev_1")
    tell(store, other.asked, "ev_2", NOON + 5.0)
    assert store.heard("alice", []) == [mine.asked.id]
    assert store.heard(None, [other.token, "st_wrong"]) == [other.asked.id]
    assert store.heard(None, []) == store.heard("carol", ["", "st_wrong"]) == []
    assert [(alert, told.id) for alert, told in store.told_since(NOON - 1)] == [
        (mine.asked.id, "ev_1"),
        (other.asked.id, "ev_2"),
    ]
    assert [told.id for _, told in store.told_since(NOON)] == ["ev_2"]
    assert queue.turn([], ROOM, NOON + 5) == [] and queue.waiting(NOON + 5.0) == 0
    queue.waiting(NOON + STREAM_DAY + 1.0)
    assert [told.id for _, told in store.told_since(NOON - 1)] == ["ev_2"]
