"""How far a skill or a share can be trusted, when the errors of neighbouring hours are alike.

An interval comes from a moving-block bootstrap of whole weeks, a p from a test whose variance counts a week's
dependence. Losses are of any unit, the less the better, one per forecast and in the order of time.

By hand, because the server answers with both: arch and statsmodels give the same intervals of whole weeks and the same
p, which tests hold, but weigh 75 MB and 1.4 s of imports, and arch takes 25 times as long. They are for tests alone.
"""

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecaster.quantiles import Floats

BLOCK = 168  # hours: the bootstrap draws whole weeks
DRAWS = 1000
LEAST = -1e9  # skill where the baseline does not err and the forecaster does, which would be minus infinity
DAY = 24  # hours of dependence that the test counts in a short series; in a long one it counts a week
PER_LAG = 20  # forecasts that a lag beyond these needs: a variance of few terms is estimated too small
ROUNDING = 1e-9  # share of the mean loss; losses that differ by less everywhere are the same forecaster's


class Interval(NamedTuple):
    """A measured skill or share with its 95 % interval."""

    value: float
    low: float
    high: float


def skill(loss: Floats, baseline: Floats, *, seed: int = 0) -> Interval:
    """1 - mean loss / mean of the baseline's, both (n,), on the same hours; 0 where neither errs.

    Künsch (1989), "The jackknife and the bootstrap for general stationary observations".
    """
    drawn = _drawn(np.stack([loss, baseline]), seed)
    low, high = np.quantile(_skill(drawn[0], drawn[1]), [0.025, 0.975])
    return Interval(skill_of_means(float(loss.mean()), float(baseline.mean())), float(low), float(high))


def skill_of_means(loss: float, baseline: float) -> float:
    """The same without an interval, from both means."""
    return float(_skill(np.array(loss), np.array(baseline)))


def share(hits: Floats, *, seed: int = 0) -> Interval:
    """Mean of `hits` (n,), 1 where right and 0 where wrong, by the same bootstrap."""
    size = min(BLOCK, len(hits))
    hours = size * -(-len(hits) // size)
    low, high = np.quantile(_drawn(hits[None], seed)[0] / hours, [0.025, 0.975])
    return Interval(float(hits.mean()), float(low), float(high))


def diebold_mariano(loss: Floats, baseline: Floats, ahead: int) -> float | None:
    """Two-sided p that two forecasters `ahead` hours ahead are equally good, from their losses (n,).

    None where the losses are the same, and where there are too few forecasts for their variance.

    Diebold, Mariano (1995), "Comparing predictive accuracy", with the variance of Newey, West (1987), "A simple,
    positive semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", and the factor of
    Harvey, Leybourne, Newbold (1997), "Testing the equality of prediction mean squared errors".
    """
    from scipy.special import stdtr  # type: ignore[import-untyped]

    difference, n = loss - baseline, len(loss)
    lags = max(ahead - 1, DAY, min(BLOCK - 1, n // PER_LAG))
    same = np.abs(difference).max() <= ROUNDING * (loss.mean() + baseline.mean())
    if same or n <= 2 * lags:
        return None
    mean = float(difference.mean())
    # squared sums over lags + 1 neighbours hold each autocovariance as often as Bartlett's weights count it
    sums = _window_sums(np.pad(difference - mean, lags), lags + 1)
    variance = float((sums**2).sum()) / (lags + 1) / n**2  # of the mean
    factor = (n + 1 - 2 * ahead + ahead * (ahead - 1) / n) / n
    statistic = mean * sqrt(factor / max(variance, 1e-300))
    return float(2 * stdtr(n - 1, -abs(statistic)))


def _skill(loss: Floats, baseline: Floats) -> Floats:
    """1 - loss / baseline, elementwise, no less than LEAST."""
    finite = baseline > loss / -LEAST
    return np.where(finite, 1 - loss / np.where(finite, baseline, 1.0), np.where(loss > 0, LEAST, 0.0))


def _drawn(series: Floats, seed: int) -> Floats:
    """Sums of each of the series (k, n) over weeks drawn with replacement, the same weeks of all: (k, draws)."""
    n = series.shape[-1]
    size = min(BLOCK, n)
    sums = _window_sums(series, size)
    drawn: Floats = sums[:, _picks(sums.shape[1], -(-n // size), seed)].sum(axis=2)
    return drawn


@lru_cache(maxsize=8)  # of 3 MB each at 64,000 hours: forecasters are graded on the same hours one after another
def _picks(starts: int, blocks: int, seed: int) -> NDArray[np.int64]:
    """Where the drawn blocks start: (draws, blocks), each from 0 to `starts` - 1."""
    picks = np.random.default_rng(seed).integers(0, starts, size=(DRAWS, blocks))
    picks.flags.writeable = False
    return picks


def _window_sums(values: Floats, size: int) -> Floats:
    """Sums over every `size` neighbours: (..., n) -> (..., n - size + 1)."""
    total = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    sums: Floats = total[..., size:] - total[..., :-size]
    return sums
