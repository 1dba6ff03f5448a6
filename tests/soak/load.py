"""Ten times the load for a minute, 100,000 requests with clients that hang up, 10,000 on each stack, 20 signals.

    python -m pytest tests/soak/load.py -s

The name of this file keeps it out of the usual run, where tests/api/test_load.py has short versions. What an
accepted answer waited for is compared in CPU time of the service, so that other programs on the machine do not count.
"""

import signal
import sys

import pytest

from api.server import GRACE
from tests.support.service.crowd import Plan, offered, p
from tests.support.service.load import ANSWERS, BODIES, ended, hang_ups, overload, service
from tests.support.service.processes import stopped
from tests.support.service.stacks import STACKS, served_by, stack_of

FLOOD = 60  # seconds
MEASURING = 10  # seconds
SLOWER = 5  # times the idle service, of what is accepted
REQUESTS, ON_EACH = 100_000, 10_000
SIGNALS = 20
MOST_GROWTH = 32  # MiB


def say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}")


def test_a_minute_of_ten_times_the_load_keeps_accepted_answers_quick(tmp_path):
    with service(tmp_path) as under:
        before = under.memory()
        seen = overload(under, FLOOD, MEASURING)
        grown = under.memory() - before
        for name, each in vars(seen).items():
            times = ", ".join(f"{percent} % {p(percent, each.accepted):.1f} ms" for percent in (50, 99))
            say(f"{name}: {dict(each.statuses)}, {each.rate:.0f}/s accepted: {times}; kept back {each.kept_back}")
        for name, each in {"idle": seen.idle, "amid": seen.amid}.items():
            say(f"{name}: 99 % within {p(99, each.work):.1f} ms of the service's CPU time")
        say(f"memory grew by {grown:.1f} MiB")
        kept_back = seen.flood.kept_back / (seen.flood.kept_back + sum(seen.flood.statuses.values()))
        assert kept_back < 0.05, "the clients had to wait for the machine themselves: run it where nothing else runs"
        for each in (seen.flood, seen.amid):
            assert set(each.statuses) <= ANSWERS
            assert (each.lost, each.torn, each.refused) == ([], 0, 0)
        assert p(99, seen.amid.work) < SLOWER * p(99, seen.idle.work)
        assert set(seen.after.statuses) == {"200"}
        assert p(50, seen.after.accepted) < 2 * p(50, seen.sustained.accepted)
        assert grown < MOST_GROWTH
        assert stopped(under.process, signal.SIGTERM) == (0, "", "")


def test_100000_requests_with_clients_that_hang_up_leave_no_error_and_no_memory_behind(tmp_path):
    with service(tmp_path) as under:
        before = under.statuses()
        seen, growth = hang_ups(under, REQUESTS)
        say(f"{dict(seen.statuses)}, {seen.hung_up} hung up; memory grew by {growth:.1f} MiB in the second half")
        assert seen.hung_up > REQUESTS / 20
        assert seen.statuses == {"200": REQUESTS - seen.hung_up}
        assert (seen.lost, seen.torn, seen.refused) == ([], 0, 0)
        assert not [status for status in under.statuses() - before if status >= "500"]
        assert growth < MOST_GROWTH
        assert stopped(under.process, signal.SIGTERM) == (0, "", "")


@pytest.mark.parametrize("stack", STACKS)
def test_10000_mixed_requests_on_each_stack_are_all_answered(tmp_path, stack):
    with served_by(stack), service(tmp_path) as under:
        assert stack_of(under.process) == stack
        before = under.statuses()
        seen = offered(Plan(under.port, BODIES, 32, count=ON_EACH, fresh=0.1))
        say(f"{stack}: {dict(seen.statuses)}, 99 % within {p(99, seen.accepted):.0f} ms")
        assert (seen.statuses, seen.lost, seen.torn, seen.refused) == ({"200": ON_EACH}, [], 0, 0)
        assert not [status for status in under.statuses() - before if status >= "500"]
        assert stopped(under.process, signal.SIGTERM) == (0, "", "")


def test_20_signals_to_end_lose_no_request_that_was_sent_before(tmp_path):
    for seed in range(SIGNALS):
        with service(tmp_path) as under:
            end = ended(under, seed)
        late = len(end.seen.lost)
        say(f"{dict(end.seen.statuses)}, {late} cut off that came later; ended after {end.seconds:.2f} s")
        assert (end.code, end.log) == (0, "")
        assert end.seconds < GRACE
        assert set(end.seen.statuses) <= {"200", "503"}
        assert end.seen.statuses["200"] > 0
        assert (end.lost, end.seen.torn) == (0, 0)
