"""Distributions between horizons, and what they say between their levels.

Between horizons: quantiles of the log return, in a straight line over the square root of time. Prices spread with the
square root of time, so a quarter of an hour has half the spread of an hour. Before the first horizon the line begins
at no move in no time. A mean of ascending quantiles ascends.

Between two levels: uniform in the logarithm of the price, as in quantiles.py; beyond the outer ones nothing is told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

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


def horizon(
    as_of: float, minutes: int, quantiles: dict[str, float], rise: float, move: float, above: float | None = None
) -> Horizon:
    """The distribution of the close so many `minutes` after `as_of` (Unix s)."""
    return Horizon(
        hours=minutes // HOUR if minutes % HOUR == 0 else None,
        minutes=minutes,
        target_time=utc(as_of + 60 * minutes),
        median=quantiles["0.50"],
        quantiles=quantiles,
        probability_up=rise,
        expected_move_pct=move,
        probability_above=above,
    )


def detailed(forecast: Forecast, levels: Sequence[float] = (), threshold: float | None = None) -> Forecast:
    """The forecast with quantiles at `levels` (0.025 to 0.975) too, and the chance of a close above `threshold`.

    A level counts to four decimals. The chance is one from 0.025 to 0.975, since the distribution ends there.
    """
    if not levels and threshold is None:
        return forecast
    told = Distributions.of(forecast).detailed(levels, threshold)
    updates: list[dict[str, object]] = [{"quantiles": each} for each in told.quantiles()]
    if told.above is not None:
        for update, above in zip(updates, told.above.tolist(), strict=True):
            update["probability_above"] = above
    horizons = tuple(each.model_copy(update=update) for each, update in zip(forecast.horizons, updates, strict=True))
    return forecast.model_copy(update={"horizons": horizons})


def key(level: float) -> str:
    """A level as it is named on the wire: "0.10", "0.025", "0.3333"."""
    text = f"{level:.{DECIMALS}f}".rstrip("0")
    return text.ljust(4, "0")  # at least two decimals


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """Those of one forecast as arrays: many are written without an object for each of their numbers."""

    as_of: float  # Unix s
    minutes: tuple[int, ...]  # (k,) ahead of it
    levels: tuple[str, ...]  # (Q,) ascending, as they are named
    prices: Floats  # (k, Q)
    rise: Floats  # (k,)
    move: Floats  # (k,) percent
    above: Floats | None = None  # (k,) chance of a close above the threshold, where there is one

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        """A forecast's, all of which have the levels of its first."""
        horizons = forecast.horizons
        levels = tuple(horizons[0].quantiles)
        return cls(
            forecast.as_of.timestamp(),
            tuple(each.minutes for each in horizons),
            levels,
            np.array([[each.quantiles[level] for level in levels] for each in horizons]),
            np.array([each.probability_up for each in horizons]),
            np.array([each.expected_move_pct for each in horizons]),
        )

    def horizons(self) -> tuple[Horizon, ...]:
        """The same as objects."""
        above = [None] * len(self.minutes) if self.above is None else self.above.tolist()
        each = zip(self.minutes, self.quantiles(), self.rise.tolist(), self.move.tolist(), above, strict=True)
        return tuple(horizon(self.as_of, *one) for one in each)

    def quantiles(self) -> list[dict[str, float]]:
        """Of each horizon, by level."""
        return [dict(zip(self.levels, row, strict=True)) for row in self.prices.tolist()]

    def detailed(self, levels: Sequence[float], threshold: float | None) -> Self:
        """See the function of that name."""
        known, log = np.array([float(level) for level in self.levels]), np.log(self.prices)
        above = None if threshold is None else 1 - level_of(log, np.log(threshold), known)
        if not levels:
            return replace(self, above=above)
        column = {name: at for at, name in enumerate((*map(key, levels), *self.levels))}  # what is known, where it is
        order = sorted(column, key=float)
        prices = np.concatenate([np.exp(_line(known, log, np.array(levels))), self.prices], axis=1)
        return replace(self, levels=tuple(order), prices=prices[:, [column[name] for name in order]], above=above)


def distributions_of(
    as_of: Sequence[int], last: Floats, ahead: Sequence[int], returns: Floats
) -> Iterator[Distributions | None]:
    """Of the closes `ahead` (k,) minutes after each of `as_of` (n,), when the `last` closes (n,) were known.

    From quantiles of the log return (n, k, Q), at the usual levels; None where no price follows.
    """
    prices = _prices(last, returns)
    possible = np.logical_and.reduce(np.isfinite(prices) & (prices > 0), axis=(1, 2))  # (n,)
    sane = np.where(possible[:, None, None], returns, 0.0)
    up, move, minutes = probability_up(sane), 100 * median_move(sane), tuple(ahead)
    for row, told in enumerate(possible.tolist()):
        yield Distributions(as_of[row], minutes, KEYS, prices[row], up[row], move[row]) if told else None


def _line(known: Floats, values: Floats, wanted: Floats) -> Floats:
    """What np.interp gives for each row of `values` (k, Q) at `known` (Q,), ascending: (k, m) at `wanted` (m,)."""
    wanted = np.clip(wanted, known[0], known[-1])
    left = np.minimum(np.searchsorted(known, wanted, side="right") - 1, len(known) - 2)
    slope = (values[:, left + 1] - values[:, left]) / (known[left + 1] - known[left])
    line: Floats = slope * (wanted - known[left]) + values[:, left]
    return line


def _prices(last: Floats, returns: Floats) -> Floats:
    """Closes (n,) and log returns (n, hours, Q) -> prices (n, hours, Q), not finite or 0 where there is none."""
    with np.errstate(over="ignore", under="ignore"):
        prices: Floats = last[:, None, None] * np.exp(returns)
    return prices
