from hypothesis import given
from hypothesis import strategies as st

from assistant.budget import DAY, MOST_SITES, Budget
from tests.support.fakes import Clock

NOW = 20_000 * DAY + 5.0


def test_a_site_has_its_share_and_leaves_the_rest_to_others():
    budget = Budget(5, 2, Clock(NOW))
    assert [budget.spend("a") for _ in range(3)] == [True, True, False]
    assert [budget.spend("b") for _ in range(3)] == [True, True, False]
    assert [budget.spend("c") for _ in range(2)] == [True, False]


def test_a_new_day_in_utc_begins_anew():
    clock = Clock(NOW)
    budget = Budget(1, 1, clock)
    assert [budget.spend("a"), budget.spend("a")] == [True, False]
    clock.now = 20_001 * DAY - 0.1
    assert not budget.spend("a")
    clock.now = 20_001 * DAY
    assert budget.spend("a")


def test_none_at_all_may_be_allowed():
    assert not Budget(0, 5, Clock(NOW)).spend("a")
    assert not Budget(5, 0, Clock(NOW)).spend("a")


def test_names_that_are_made_up_share_one_count():
    budget = Budget(10 * MOST_SITES, 1, Clock(NOW))
    assert sum(budget.spend(f"site {n}") for n in range(3 * MOST_SITES)) == MOST_SITES + 1


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(0, 20), st.integers(0, 20))
def test_no_bound_is_passed_in_any_order(sites, whole, each):
    budget = Budget(whole, each, Clock(NOW))
    allowed = [site for site in sites if budget.spend(site)]
    assert len(allowed) <= whole
    assert all(allowed.count(site) <= each for site in "abc")
    spent = sum(min(each, sites.count(site)) for site in "abc")
    assert len(allowed) == min(whole, spent), "nothing is held back that is left"
