"""Distributions within the hour, which no network forecasts: from what is forecast for the hour, by the clock.

    pace     which five minutes of an hour move how much: the last of an hour are calmer than those that follow
    trust    share of the median's move, by the mark at which a forecast is issued and by the minutes ahead
    shift    for each quantile, as of the hours: five minutes have heavier tails than an hour
    hour     the same trust in the hour's own median: full hours tell it better than those between them
    widths   what the coverage of forecasts from each mark has taught since, as of adaptive.py

A mark is one of the twelve five-minute marks of an hour. Minutes between those that are known are interpolated over the
square root of time, up to the hour itself; before the first, what is known of the first holds.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from forecaster.calibration.adaptive import DECIMALS, LIMIT, RATE, Widths
from forecaster.quantiles import LEVELS, MEDIAN, Floats, ascending, interquartile
from forecaster.schema import FIVE_MINUTES, HOUR, Frozen

MARKS = HOUR // FIVE_MINUTES
MINUTES = tuple(range(5, 60, 5))  # ahead, that are fitted and followed
FEWEST = 240  # outcomes of every mark without which nothing is said of the horizons within an hour
TRUSTS = np.linspace(0, 1, 21)  # shares of the median's move that are tried
LEAST = 0.05  # of the hour's, of which those of its minutes are multiples

Shifts = tuple[float, ...]


class Within(Frozen):
    """How an hour's quantiles become those of its first minutes."""

    minutes: tuple[int, ...] = Field(min_length=1, description="ahead, ascending: those that the rest speaks of")
    pace: tuple[float, ...] = Field(
        min_length=MARKS,
        max_length=MARKS,
        description="variance of the five minutes after each mark, mean 1",
    )
    trust: tuple[tuple[float, ...], ...] = Field(
        min_length=MARKS, max_length=MARKS, description="of each mark, for each of the minutes: as of Conformal"
    )
    hour: tuple[float, ...] = Field(
        default=(1.0,) * MARKS, min_length=MARKS, max_length=MARKS, description="trust in the hour's own, of each mark"
    )
    shift: tuple[Shifts, ...] = Field(description="for each of the minutes and each quantile, in interquartile ranges")
    widths: dict[str, tuple[Widths, ...]] = Field(
        default={}, description="by symbol and mark, for each of the minutes: after the hours that were graded"
    )

    @model_validator(mode="before")
    @classmethod
    def _of_quarters(cls, given: object) -> object:
        """As it was written before it knew the clock: of a quarter, half and three quarters of an hour."""
        if not isinstance(given, dict) or "minutes" in given:
            return given
        return {**given, "minutes": (15, 30, 45), "pace": (1.0,) * MARKS, "trust": (given.get("trust"),) * MARKS}

    @classmethod
    def of(cls, hour: Floats, mark: NDArray[np.int64], actual: Floats) -> Self | None:
        """Fit on calibrated quantiles of the next hour (n, Q), the marks (n,) they were issued at, and log returns of
        the first MINUTES of it and of the hour (n, 12), NaN where they are unknown. None where there are too few."""
        first = np.abs(actual[:, 0]) / interquartile(hour)[:, 0]
        known = np.isfinite(first)
        if np.bincount(mark[known], minlength=MARKS).min() < FEWEST:
            return None
        size = np.array([first[known & (mark == each)].mean() ** 2 for each in range(MARKS)])
        flat = cls(
            minutes=MINUTES,
            pace=tuple((size / size.mean()).tolist()),
            trust=((1.0,) * len(MINUTES),) * MARKS,
            shift=((0.0,) * len(LEVELS),) * len(MINUTES),
        )
        parts = flat.apply(hour, mark, MINUTES)  # (n, 11, Q)
        medians = np.column_stack([parts[:, :, MEDIAN], hour[:, MEDIAN]])
        at = [mark == each for each in range(MARKS)]
        trust = np.array([[_trust(medians[rows, k], actual[rows, k]) for k in range(MARKS)] for rows in at])
        trust[0, -1] = 1.0  # of full hours, which calibrate the hour
        whole = np.maximum(trust[:, -1:], LEAST)
        fitted = {"trust": tuple(map(tuple, (trust[:, :-1] / whole).tolist())), "hour": tuple(whole[:, 0].tolist())}
        trusted = flat.model_copy(update=fitted)
        told = trusted.apply(trusted.first_hour(hour, mark), mark, MINUTES)
        shift = tuple(_shift(told[:, row], actual[:, row]) for row in range(len(MINUTES)))
        return trusted.model_copy(update={"shift": shift})

    @property
    def fresh(self) -> Self:
        """What was fitted, without what was learned since."""
        return self.model_copy(update={"widths": {}})

    def first_hour(self, hour: Floats, mark: NDArray[np.int64]) -> Floats:
        """Calibrated quantiles of the next hour's log return (n, Q) at marks (n,), with the trust in their median."""
        trust = np.array(self.hour)[mark, None]
        trusted: Floats = hour + (trust - 1) * hour[:, MEDIAN : MEDIAN + 1]
        return trusted

    def apply(self, hour: Floats, mark: NDArray[np.int64], minutes: Sequence[int], symbol: str = "") -> Floats:
        """Quantiles of the next hour's log return (n, Q), as told at marks (n,) -> of the first `minutes` (m,) of it.

        (n, m, Q), ascending; minutes from 1 to 60. With a symbol, its widths are applied.
        """
        line, ahead = self._line(minutes), np.asarray(minutes)
        until = np.concatenate([[0.0], np.cumsum(np.tile(self.pace, 2))]) / MARKS  # shares of an hour's variance
        end = np.interp(mark[:, None] + ahead * 60 / FIVE_MINUTES, np.arange(len(until)), until)  # (n, m)
        parts = hour[:, None, :] * np.sqrt(end - until[mark][:, None])[:, :, None]
        trust = (np.column_stack([self.trust, np.ones(MARKS)]) @ line)[mark]  # (n, m)
        parts = parts + ((trust - 1) * parts[:, :, MEDIAN])[:, :, None]
        shift = line.T @ np.vstack([self.shift, np.zeros(len(LEVELS))])  # (m, Q)
        parts = ascending(parts + shift * interquartile(parts))
        if symbol not in self.widths:
            return parts
        width = np.array(self.widths[symbol])  # (12, minutes, Q // 2)
        width = np.einsum("kwq,wm->kmq", width, line[:-1])[mark]
        return _widened(parts, width)

    def _line(self, minutes: Sequence[int]) -> Floats:
        """Weights (known + 1, m) of what is known, the hour last, at `minutes` (m,)."""
        known = np.sqrt([*self.minutes, HOUR // 60])
        return np.array([np.interp(np.sqrt(minutes), known, unit) for unit in np.eye(len(known))])

    def followed(
        self, hour: Floats, mark: int, actual: Floats, symbol: str = "", width: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """What would have been issued at one mark of consecutive hours, each told the outcomes of the one before.

        From quantiles (n, Q) and log returns of the known minutes (n, k), NaN where unknown, going on from `width`
        (k, Q // 2), else from the symbol's or none: (n, k, Q), and the width at the end, for `widths_of`.
        """
        still = self.apply(hour, np.full(len(hour), mark), self.minutes)
        if width is None:
            width = np.array(
                self.widths[symbol][mark] if symbol in self.widths else np.zeros((len(self.minutes), MEDIAN))
            )
        outside, issued = 2 * np.array(LEVELS[:MEDIAN]), np.empty_like(still)
        for number, parts in enumerate(still):
            told = issued[number] = _widened(parts, width)
            outcome = actual[number][:, None]
            missed = (outcome < told[:, :MEDIAN]) | (outcome > told[:, :MEDIAN:-1])
            width = np.clip(width + RATE * (missed - outside) * np.isfinite(outcome), -LIMIT, LIMIT)
        return issued, width


def widths_of(width: Floats) -> Widths:
    """As they are written: (k, Q // 2) rounded."""
    return tuple(tuple(row) for row in np.round(width, DECIMALS).tolist())


def _widened(quantiles: Floats, width: Floats) -> Floats:
    """Quantiles (..., Q) with widths (..., Q // 2) applied on both sides, ascending."""
    moved = np.concatenate([-width, np.zeros((*width.shape[:-1], 1)), width[..., ::-1]], axis=-1)
    return ascending(quantiles + moved * interquartile(quantiles))


def _trust(median: Floats, actual: Floats) -> float:
    """The smallest share of medians (n,) whose error is within a standard error of the least, against (n,).

    Breiman, Friedman, Olshen, Stone (1984), "Classification and regression trees", choose trees so. What minutes tell
    of the median is little, and has become less over the years.
    """
    known = np.isfinite(actual)
    loss = np.abs(actual[known] - TRUSTS[:, None] * median[known])
    best = int(np.argmin(loss.mean(axis=1)))
    allowed = loss[best].mean() + (loss[0] - loss[best]).std() / np.sqrt(known.sum())
    return float(TRUSTS[int(np.argmax(loss.mean(axis=1) <= allowed))])


def _shift(quantiles: Floats, actual: Floats) -> Shifts:
    """Of quantiles (n, Q) whose median is trusted, from log returns (n,)."""
    known = np.isfinite(actual)
    miss = (actual[known, None] - quantiles[known]) / interquartile(quantiles[known])
    shift = [float(np.quantile(miss[:, row], level)) for row, level in enumerate(LEVELS)]
    shift[MEDIAN] = 0.0
    return tuple(shift)
