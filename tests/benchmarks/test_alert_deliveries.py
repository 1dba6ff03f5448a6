"""A few hundred deliveries, a third of whose receivers misbehave: every good one gets each at least once, in order."""

from benchmarks.alert_deliveries import BAD, deliver
from tests.support.receivers.webhooks import certificate


async def test_every_good_receiver_gets_each_at_least_once_and_in_order(tmp_path):
    with certificate() as files:
        found = await deliver(tmp_path, files, 600, within=2.0)
    assert (found.good, found.came, found.in_order) == (420, 420, True)
    assert all(found.tries[kind] for kind in BAD)
    assert found.memory < 150
