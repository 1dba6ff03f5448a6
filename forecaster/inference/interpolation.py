"""Distributions between horizons, and what they say between their levels.

Between horizons: quantiles of the log return, in a straight line over the square root of time. Prices spread with the
square root of time, so a quarter of an hour has half the spread of an hour. Before the first horizon the line begins
at no move in no time. A mean of ascending quantiles ascends.

Between two levels: uniform in the logarithm of the price, as in quantiles.py; beyond the outer ones nothing is told.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from forecaster.market import utc
from forecaster.quantiles import DRAWS, KEYS, Floats, level_of, median_move, probability_up
from forecaster.schema import FIVE_MINUTES, MINUTES, Forecast, Horizon

HOUR = 60  # minutes
LOWEST, HIGHEST = 0.025, 0.975  # levels beyond which nothing is told
DECIMALS = 4  # of a level
_DRAWN = (np.arange(DRAWS) + 0.5) / DRAWS  # levels of equally likely returns


def standard(hours: int) -> tuple[int, ...]:
    """Minutes ahead of a forecast of all horizons up to so many hours: 15, 30, 45 and each hour."""
    return *MINUTES, *range(HOUR, HOUR * hours + 1, HOUR)


def mark_of(as_of: float) -> int:
    """Which five minutes of its hour begin then (Unix s)."""
    return int(as_of) // FIVE_MINUTES % (60 * HOUR // FIVE_MINUTES)


def between(known: Sequence[int], returns: Floats, wanted: Sequence[int]) -> Floats:
    """Quantiles (..., k, Q) at `known` (k,) minutes, ascending -> (..., m, Q) at `wanted` (m,), none beyond the last.

    What is wanted at a known horizon is what is known, to the last bit.
    """
    start = np.zeros((*returns.shape[:-2], 1, returns.shape[-1]))
    line = np.concatenate([start, returns], axis=-2)  # (..., 1 + k, Q)
    times = np.sqrt([0, *known])
    at = np.sqrt(wanted)
    left = np.searchsorted(times, at, side="right") - 1
    right = np.minimum(left + 1, len(times) - 1)
    width = np.where(right > left, times[right] - times[left], 1.0)
    share = ((at - times[left]) / width)[:, None]
    with np.errstate(invalid="ignore"):  # no share of what is infinite is a number, nor a price
        found: Floats = (1 - share) * line[..., left, :] + share * line[..., right, :]
    return found


def at_minutes(
    forecast: Forecast, wanted: Sequence[int], first: Callable[[Floats, Sequence[int]], Floats] | None = None
) -> tuple[Horizon, ...]:
    """A forecast's distributions at `wanted` minutes ahead of its as_of: those that it has as they are.

    `first` knows better than a straight line what those before the first hour are: from its quantiles (Q,) and minutes.
    """
    own = {each.minutes: each for each in forecast.horizons}
    lacking = [each for each in wanted if each not in own]
    if lacking:
        prices = np.array([list(each.quantiles.values()) for each in forecast.horizons])  # (k, Q)
        returns = between(list(own), np.log(prices / forecast.last_close), lacking)
        early = [each for each in lacking if each < HOUR]
        if first and early:
            hour = np.array(list(own[HOUR].quantiles.values()))
            returns[[each < HOUR for each in lacking]] = first(np.log(hour / forecast.last_close), early)
        own |= {each.minutes: each for each in horizons_of(forecast, lacking, forecast.last_close, returns)}
    return tuple(own[each] for each in wanted)


def horizons_of(forecast: Forecast, minutes: Sequence[int], price: float, returns: Floats) -> Iterator[Horizon]:
    """Distributions of the closes so many `minutes` (m,) after as_of, from quantiles (m, Q) of the log return from
    `price`, at the levels that the forecast names."""
    keys = list(forecast.horizons[0].quantiles)
    levels = np.array([float(key) for key in keys])
    rise = (1 - level_of(returns, 0.0, levels)).tolist()
    as_of = forecast.as_of.timestamp()
    for ahead, row, up in zip(minutes, returns, rise, strict=True):
        prices: list[float] = (price * np.exp(row)).tolist()
        move = float(100 * np.median(np.abs(np.expm1(np.interp(_DRAWN, levels, row)))))
        yield horizon(as_of, ahead, dict(zip(keys, prices, strict=True)), up, move)


def horizon(as_of: float, minutes: int, quantiles: dict[str, float], rise: float, move: float) -> Horizon:
    """The distribution of the close so many `minutes` after `as_of` (Unix s)."""
    return Horizon(
        hours=minutes // HOUR if minutes % HOUR == 0 else None,
        minutes=minutes,
        target_time=utc(as_of + 60 * minutes),
        median=quantiles["0.50"],
        quantiles=quantiles,
        probability_up=rise,
        expected_move_pct=move,
    )


def detailed(forecast: Forecast, levels: Sequence[float] = (), threshold: float | None = None) -> Forecast:
    """The forecast with quantiles at `levels` (0.025 to 0.975) too, and the chance of a close above `threshold`.

    A level counts to four decimals. The chance is one from 0.025 to 0.975, since the distribution ends there.
    """
    if not levels and threshold is None:
        return forecast
    known = np.array([float(level) for level in forecast.horizons[0].quantiles])  # (Q,) ascending, of every horizon
    log = np.log([list(each.quantiles.values()) for each in forecast.horizons])  # (hours, Q) of prices
    updates: list[dict[str, object]] = [{} for _ in forecast.horizons]
    if levels:
        for update, quantiles in zip(updates, _merged(forecast.horizons, known, log, levels), strict=True):
            update["quantiles"] = quantiles
    if threshold is not None:
        for update, below in zip(updates, level_of(log, np.log(threshold), known).tolist(), strict=True):
            update["probability_above"] = 1 - below
    horizons = tuple(each.model_copy(update=update) for each, update in zip(forecast.horizons, updates, strict=True))
    return forecast.model_copy(update={"horizons": horizons})


def key(level: float) -> str:
    """A level as it is named on the wire: "0.10", "0.025", "0.3333"."""
    text = f"{level:.{DECIMALS}f}".rstrip("0")
    return text.ljust(4, "0")  # at least two decimals


def _merged(
    horizons: Sequence[Horizon], known: Floats, log: Floats, levels: Sequence[float]
) -> Iterator[dict[str, float]]:
    """Each horizon's quantiles with those at `levels` among them, ascending."""
    added = [key(level) for level in levels]
    order = sorted({*added, *horizons[0].quantiles}, key=float)
    for horizon, row in zip(horizons, log, strict=True):
        prices = dict(zip(added, np.exp(np.interp(levels, known, row)).tolist(), strict=True)) | horizon.quantiles
        yield {level: prices[level] for level in order}


def distributions_of(
    as_of: Sequence[int], last: Floats, ahead: Sequence[int], returns: Floats
) -> Iterator[tuple[Horizon, ...] | None]:
    """Of the closes `ahead` (k,) minutes after each of `as_of` (n,), when the `last` closes (n,) were known.

    From quantiles of the log return (n, k, Q), at the usual levels; None where no price follows.
    """
    prices = _prices(last, returns)
    possible = np.logical_and.reduce(np.isfinite(prices) & (prices > 0), axis=(1, 2))  # (n,)
    sane = np.where(possible[:, None, None], returns, 0.0)
    up, move = probability_up(sane).tolist(), (100 * median_move(sane)).tolist()
    for row, own in enumerate(prices.tolist()):
        keyed = (dict(zip(KEYS, quantiles, strict=True)) for quantiles in own)
        told = zip(ahead, keyed, up[row], move[row], strict=True)
        yield tuple(horizon(as_of[row], *each) for each in told) if possible[row] else None


def _prices(last: Floats, returns: Floats) -> Floats:
    """Closes (n,) and log returns (n, hours, Q) -> prices (n, hours, Q), not finite or 0 where there is none."""
    with np.errstate(over="ignore", under="ignore"):
        prices: Floats = last[:, None, None] * np.exp(returns)
    return prices
