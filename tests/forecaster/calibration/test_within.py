"""Within the hour: bands by the clock, a median that is trusted where it has earned it, and widths that follow."""

from statistics import NormalDist

import numpy as np
import pytest

from forecaster.calibration.within import FEWEST, MARKS, MINUTES, Within, _trust
from forecaster.quantiles import BANDS, LEVELS, MEDIAN, band, crps

CALM = 11  # the mark before the full hour
NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
HOUR = 0.002 + 0.005 * np.tile(NORMAL, (MARKS, 1))  # (12, Q)
PACE = np.array([1.2] * 6 + [1.0] * 5 + [0.4])  # variance of the five minutes after each mark


def market(seed=3, calm=0.4, tells=1.0, count=MARKS * 1_500):
    """Forecasts of the hour (n, Q) at marks (n,), and returns (n, 12) of its first minutes and of the hour.

    The moves have heavy tails, and the last five minutes of each hour of the clock are calm.
    """
    random = np.random.default_rng(seed)
    mark = np.arange(count) % MARKS
    pace = np.append(PACE[:-1], calm)
    size = np.sqrt(pace / pace.sum())[(mark[:, None] + np.arange(MARKS)) % MARKS]
    sigma = 0.005 * np.exp(random.normal(0, 0.4, count))[:, None]
    noise = sigma * size * random.standard_t(4, (count, MARKS)) / np.sqrt(2)
    median = sigma * random.normal(0, 0.3, (count, 1))
    moved = np.cumsum(noise + tells * median * size**2, axis=1)
    return median + sigma * NORMAL, mark, moved


def held(quantiles, outcome, name):
    """The share of outcomes (n,) inside a band of (n, Q)."""
    low, high = band(quantiles, name)
    return ((low <= outcome) & (outcome <= high)).mean()


@pytest.fixture(scope="module")
def fitted():
    return Within.of(*market())


def test_bands_hold_what_they_say_at_every_mark_and_so_many_minutes_ahead(fitted):
    hour, mark, moved = market()
    told = fitted.apply(fitted.first_hour(hour, mark), mark, MINUTES)
    for at in (0, 5, CALM):
        for row in (0, 2, 10):
            for name in BANDS:
                share = held(told[mark == at, row], moved[mark == at, row], name)
                assert share == pytest.approx(int(name) / 100, abs=0.03)
    assert (np.diff(told, axis=-1) >= 0).all()


def test_calm_minutes_have_narrow_bands(fitted):
    assert fitted.pace[CALM] == min(fitted.pace) and sum(fitted.pace) == pytest.approx(MARKS)
    hour = HOUR[:1]
    calm, wild = (fitted.apply(hour, np.array([mark]), [5])[0, 0] for mark in (CALM, 0))
    assert calm[-1] - calm[0] < 0.8 * (wild[-1] - wild[0])


def test_a_median_that_tells_nothing_is_not_trusted_and_one_that_does_is():
    random = np.random.default_rng(5)
    median, noise = random.normal(0, 0.3, 20_000), random.normal(0, 1, 20_000)
    assert _trust(median, noise) <= 0.1
    assert 0.7 <= _trust(median, median + noise) < 1.0
    assert _trust(median, median) == 1.0


def test_what_full_hours_tell_is_calibrated_with_the_hours(fitted):
    assert fitted.hour[0] == 1.0 and max(fitted.hour) <= 1.0
    nothing = Within.of(*market(tells=0.0))
    assert np.mean(nothing.hour[1:]) < 0.3 < 0.5 < np.mean(fitted.hour[1:])
    hour = HOUR[:2]
    told = nothing.first_hour(hour, np.array([0, 6]))
    assert (told[0] == hour[0]).all()
    assert told[1, MEDIAN] == pytest.approx(nothing.hour[6] * hour[1, MEDIAN])


def test_between_known_minutes_it_is_interpolated_and_at_the_hour_it_is_the_hour(fitted):
    hour, mark = HOUR, np.arange(MARKS)
    told = fitted.apply(hour, mark, range(1, 61))
    assert told[:, -1] == pytest.approx(hour)
    width = (told[..., -1] - told[..., 0])[:, [4, 14, 29, 44, 59]]
    assert (np.diff(width, axis=1) > 0).all()
    assert told[:, 1, 0] / told[:, 0, 0] == pytest.approx(np.sqrt(2))  # before the first, by the root of time
    assert (fitted.apply(hour, mark, [15, 30])[:, 1] == fitted.apply(hour, mark, [30])[:, 0]).all()


def test_widths_follow_what_became_of_the_forecasts_from_each_mark(fitted):
    hour, mark, moved = market(seed=9, calm=0.1)
    last = mark == CALM
    hour, moved = fitted.first_hour(hour, mark)[last], moved[last, : len(MINUTES)]
    still = fitted.apply(hour, mark[last], MINUTES)
    told, widths = fitted.followed(hour, CALM, moved)
    half = len(hour) // 2
    now, before = (held(each[half:, 0], moved[half:, 0], "80") for each in (told, still))
    assert before > 0.9 and now == pytest.approx(0.8, abs=0.03)
    assert crps(told[half:, 0], moved[half:, 0]).mean() < crps(still[half:, 0], moved[half:, 0]).mean()
    flat = ((0.0,) * MEDIAN,) * len(MINUTES)
    learned = fitted.model_copy(update={"widths": {"BTC-USD": (flat,) * CALM + (widths,)}})
    of_coin, of_other = (learned.apply(hour[:1], np.array([CALM]), [5], each) for each in ("BTC-USD", "SOL-USD"))
    assert of_coin[0, 0, -1] < of_other[0, 0, -1]
    assert learned.fresh == fitted


def test_a_forecast_knows_no_outcome_but_those_before_it(fitted):
    hour, mark, moved = market()
    hour, moved = hour[mark == 3], moved[mark == 3, : len(MINUTES)]
    changed = moved.copy()
    changed[40:] *= 5
    one, other = (fitted.followed(hour, 3, each)[0] for each in (moved, changed))
    assert (one[:41] == other[:41]).all() and not (one[41:] == other[41:]).all()


def test_outcomes_that_are_not_known_teach_nothing(fitted):
    hour = market(count=50)[0]
    unknown = np.full((50, len(MINUTES)), np.nan)
    told, widths = fitted.followed(hour, 3, unknown)
    assert (told == fitted.apply(hour, np.full(50, 3), MINUTES)).all() and not np.any(widths)


def test_too_few_outcomes_of_one_mark_say_nothing():
    hour, mark, moved = market()
    few = np.flatnonzero(mark == 7)[FEWEST - 1 :]
    moved[few] = np.nan
    assert Within.of(hour, mark, moved) is None


def test_what_was_written_before_it_knew_the_clock_is_read_as_it_was_meant(fitted):
    old = {"trust": [0.9, 1.0, 1.0], "shift": [[0.0] * len(LEVELS)] * 3}
    read = Within.model_validate(old)
    hour = HOUR
    told = read.apply(hour, np.arange(MARKS), (15, 30, 45))
    still = hour - 0.1 * hour[:, MEDIAN : MEDIAN + 1]
    assert told[:, 0] == pytest.approx(still / 2)
    assert told[:, 1] == pytest.approx(hour / np.sqrt(2))
    assert (read.first_hour(hour, np.arange(MARKS)) == hour).all()
    assert Within.model_validate_json(fitted.model_dump_json()) == fitted
