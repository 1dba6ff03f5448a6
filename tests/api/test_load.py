"""The service under load, shortly: tests/soak/load.py has the same for as long as was promised."""

import signal

import pytest

from tests.support.service.load import ANSWERS, ended, hang_ups, overload, service
from tests.support.service.processes import stopped
from tests.support.service.stacks import STACKS, served_by

FLOOD = 4  # seconds
MEASURING = 1  # seconds
REQUESTS = 2_000
MOST_GROWTH = 32  # MiB


@pytest.mark.parametrize("stack", ["httptools on uvloop", "h11 on asyncio"])
def test_ten_times_the_load_is_answered_or_refused_and_forgotten(tmp_path, stack):
    with served_by(stack), service(tmp_path) as under:
        hang_ups(under, REQUESTS // 10)  # what a process takes once, for its first work
        before = under.memory()
        seen = overload(under, FLOOD, MEASURING)
        assert set(seen.idle.statuses) == set(seen.sustained.statuses) == {"200"}
        assert {"200", "503"} <= set(seen.flood.statuses) <= ANSWERS
        assert "200" in seen.amid.statuses
        assert set(seen.amid.statuses) <= ANSWERS
        for each in (seen.flood, seen.amid):
            assert (each.lost, each.torn, each.refused) == ([], 0, 0)
        assert set(seen.after.statuses) == {"200"}
        assert under.memory() - before < MOST_GROWTH
        assert stopped(under.process, signal.SIGTERM) == (0, "", "")


def test_clients_that_hang_up_leave_no_error_and_no_memory_behind(tmp_path):
    with service(tmp_path) as under:
        before = under.statuses()
        seen, growth = hang_ups(under, REQUESTS)
        assert seen.hung_up > REQUESTS / 20
        assert seen.statuses == {"200": REQUESTS - seen.hung_up}
        assert (seen.lost, seen.torn, seen.refused) == ([], 0, 0)
        assert not [status for status in under.statuses() - before if status >= "500"]
        assert growth < MOST_GROWTH
        assert stopped(under.process, signal.SIGTERM) == (0, "", "")


@pytest.mark.parametrize(("seed", "stack"), list(enumerate(STACKS)))
def test_a_signal_to_end_loses_no_request_that_was_sent_before_it(tmp_path, seed, stack):
    with served_by(stack), service(tmp_path) as under:
        end = ended(under, seed)
        assert (end.code, end.log) == (0, "")
        assert set(end.seen.statuses) <= {"200", "503"}
        assert end.seen.statuses["200"] > 0
        assert (end.lost, end.seen.torn) == (0, 0)
