"""What the quantile recipe learns from and is graded on: each coin's hours with the returns that followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forecaster.features.closes import window_volatility
from forecaster.features.hourly import CONTEXT, LOOKBACK, Hours, hours_of
from forecaster.features.subhour import Minutes
from forecaster.features.tape import Tape
from forecaster.market import BITCOIN, ETHER, LONGEST_GAP, Candles, companion, hours_past
from forecaster.quantiles import HORIZONS, Floats
from forecaster.schema import HOUR, SYMBOLS, WINDOW, Symbol

YEAR = 365.25 * 24 * HOUR  # seconds
QUIET = 0.25  # share of the last 48 hours without a trade: such hours say little of today's market
LEAST_SIGMA = 3e-4  # log return per hour: no calmer hour counts more than one at this volatility


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """One symbol's gapless hours as model input, with what followed each."""

    symbol: Symbol
    tape: Tape  # what the rest was made of
    time: NDArray[np.int64]  # (n,) opening, Unix s
    close: Floats  # (n,)
    hours: Hours
    traded: NDArray[np.bool_]  # (n,) False where the hour was filled forward
    target: Floats  # (n, 24) log return from this close to the one h hours on; NaN beyond the end

    @classmethod
    def of(cls, symbol: Symbol, candles: Candles, other: Candles, fine: Candles | None = None) -> "Market":
        """The market of `candles`, with the other symbol's as context, and the minutes of its own finer ones."""
        tape = Tape.of(candles, other)
        minutes = Minutes.of(fine, tape.time + HOUR) if fine is not None else None
        log, target = np.log(tape.close), np.full((len(tape.close), HORIZONS), np.nan)
        for ahead in range(1, min(HORIZONS, len(log) - 1) + 1):
            target[:-ahead, ahead - 1] = log[ahead:] - log[:-ahead]
        return cls(
            symbol,
            tape,
            tape.time,
            tape.close,
            hours_of(tape, minutes=minutes),
            np.isin(tape.time, candles.time),
            target,
        )

    @classmethod
    def during(
        cls, symbol: Symbol, candles: Candles, other: Candles | None, fine: Candles | None, start: int, stop: int
    ) -> "Market":
        """The same from the last candle at `start` or before to the first at `stop` or after (Unix s), others alike."""

        def part(of: Candles, start: float, stop: float) -> Candles:
            first, last = np.searchsorted(of.time, start, side="right"), np.searchsorted(of.time, stop)
            return of[max(int(first) - 1, 0) : int(last) + 1]

        own = part(candles, start, stop)
        start, stop = int(own.time[0]), int(own.time[-1])
        minutes = None if fine is None else part(fine, start, stop + HOUR)
        return cls.of(symbol, own, candles[:0] if other is None else part(other, start, stop), minutes)

    def issued(self, start: float, stop: float) -> NDArray[np.int64]:
        """Rows whose next hour opens in [start, stop) and is known, with a whole look-back before them."""
        first, last = np.searchsorted(self.time, (start - HOUR, stop - HOUR))
        return np.arange(max(first, LOOKBACK - 1), max(min(last, len(self.time) - 1), LOOKBACK - 1))

    def learnable(self, stop: float) -> NDArray[np.int64]:
        """Rows to learn from: traded hours, few silent ones before them, whose 24 targets close before `stop`."""
        rows = self.issued(0, stop - (HORIZONS - 1) * HOUR)
        rows = rows[np.isfinite(self.target[rows, -1])]
        silence = np.convolve(~self.traded, np.full(48, 1 / 48))[: len(self.time)]
        kept: NDArray[np.int64] = rows[(silence <= QUIET)[rows] & self.traded[rows] & self.traded[rows + 1]]
        return kept

    def closed(self, rows: NDArray[np.int64], stop: float) -> Floats:
        """Targets (n, 24), NaN where they close after `stop` (Unix s): what was known by then."""
        closes = self.time[rows, None] + HOUR * (1 + np.arange(1, HORIZONS + 1))
        return np.where(closes <= stop, self.target[rows], np.nan)

    def reached(self, rows: NDArray[np.int64], stop: float) -> tuple[Floats, Floats]:
        """The highest and the lowest log return (n, 24) on the way to each of the next closes; NaN as of `closed`."""
        unknown = ~np.isfinite(self.closed(rows, stop))
        log, sides = np.log(self.close[rows])[:, None], []
        ahead = np.minimum(rows[:, None] + np.arange(1, HORIZONS + 1), len(self.close) - 1)
        for column, farthest in ((self.tape.high, np.maximum), (self.tape.low, np.minimum)):
            sides.append(np.where(unknown, np.nan, farthest.accumulate(np.log(column)[ahead] - log, axis=1)))
        return sides[0], sides[1]


def returns_within(fine: Candles, moments: NDArray[np.int64], minutes: Sequence[int]) -> Floats:
    """Log returns (n, m) of the `minutes` (m,) after moments (n,) in Unix s; NaN where a close is not known."""
    end, log = fine.time + fine.step, np.log(fine.close)
    times = moments[:, None] + 60 * np.array([0, *minutes])  # (n, 1 + m)
    row = np.minimum(np.searchsorted(end, times), len(end) - 1)
    closes = np.where(end[row] == times, log[row], np.nan)
    returns: Floats = closes[:, 1:] - closes[:, :1]
    return returns


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Hours to learn from, as rows of arrays that hold every market one after another."""

    channels: NDArray[np.float32]  # (hours, 6)
    context: NDArray[np.float32]  # (hours, C)
    subhour: NDArray[np.float32]  # (hours, S)
    known: NDArray[np.float32]  # (hours, 2) 1 where the other symbol is known, and where five-minute candles are
    row: NDArray[np.int32]  # (n,) which hour a forecast is issued at
    group: NDArray[np.int64]  # (n,) forecasts that tell much the same have one number
    target: NDArray[np.float32]  # (n, 24) log returns
    weight: NDArray[np.float32]  # (n, 24, 2) of all levels' loss, and of the median's

    @classmethod
    def before(
        cls,
        stop: float,
        markets: tuple[Market, ...],
        half_life: float,
        first: float,
        *,
        drawn: int = 1,
        fresh: float = 0.0,
        others: float = 1.0,
    ) -> "Examples":
        """Every hour whose 24 targets close before `stop` (Unix s).

        A loss counts in units of the volatility known at that hour, so that calm and wild years weigh alike.
        The loss of all levels also halves with every `half_life` years of age: the shape of the distribution
        has changed over the years, what moves its median has not. The 1 h horizon counts `first` times. All coins but
        the two of SYMBOLS together count `others` times what one of those does. How much each of several forecasts
        of one hour counts, of which an epoch shows `drawn`: see _together.
        """
        parts = [market.learnable(stop) for market in markets]
        pairs = list(zip(markets, parts, strict=True))
        starts = np.cumsum([0, *(len(market.time) for market in markets)])
        age = np.concatenate([(stop - market.time[part]) / YEAR for market, part in pairs])
        coin = np.concatenate([np.full(len(part), 1.0 if m.symbol in SYMBOLS else others) for m, part in pairs])
        group = np.concatenate([m.time[part] // HOUR * 3 + _kin(m.symbol) for m, part in pairs])
        together, chance = _together(group, drawn, fresh)
        even = np.concatenate([_even(market, part) for market, part in pairs])
        target = np.concatenate([market.target[part] for market, part in pairs])
        recent = 0.5 ** (age / half_life)
        recent /= np.average(recent, weights=coin * chance)
        horizon = np.ones(HORIZONS)
        horizon[0] = first
        counts = coin[:, None] * together * even * (horizon / horizon.mean())
        weight = np.stack([recent[:, None] * counts, counts], axis=2)
        return cls(
            channels=np.concatenate([market.hours.channels for market in markets]),
            context=np.concatenate([market.hours.context for market in markets]),
            subhour=np.concatenate([market.hours.minutes.values for market in markets]),
            known=np.concatenate([np.stack([m.hours.other, m.hours.minutes.known], axis=1) for m in markets]),
            row=np.concatenate([part + start for part, start in zip(parts, starts, strict=False)]).astype(np.int32),
            group=group,
            target=target.astype(np.float32),
            weight=(weight / np.median((even * np.abs(target)).mean(axis=1))).astype(np.float32),
        )

    def draw(self, count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Which of (n,) one epoch shows, in any order: of each group no more than `count`."""
        shuffled = random.permutation(len(self.row))
        group = self.group[shuffled]
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], group[order])  # where each one's group begins
        drawn: NDArray[np.int64] = random.permutation(shuffled[order[np.arange(len(order)) - first < count]])
        return drawn


def _kin(symbol: Symbol) -> int:
    """Which coins' forecasts of one hour of the clock tell much the same: all but BTC and ETH."""
    return SYMBOLS.index(symbol) if symbol in SYMBOLS else len(SYMBOLS)


def _together(group: NDArray[np.int64], drawn: int, fresh: float) -> tuple[Floats, Floats]:
    """How much a forecast counts at each horizon (n, 24) when it is shown, and how likely an epoch shows it (n,).

    Twelve forecasts of one hour, five minutes apart, tell hardly more than one of them about the next 24 hours, whose
    outcomes they share, and more about the next one. So an hour with k of them counts as 1 + `fresh` (1 - 1 / k) / h
    at h hours, spread over the `drawn` that an epoch shows.
    """
    _, number, count = np.unique(group, return_inverse=True, return_counts=True)
    many, shown = count[number], np.minimum(count[number], drawn)
    whole = 1 + fresh * (1 - 1 / many)[:, None] / np.arange(1, HORIZONS + 1)
    return whole / shown[:, None], shown / many


def _even(market: Market, rows: NDArray[np.int64]) -> Floats:
    """What makes the losses of all hours and horizons comparable: 1 / (volatility * sqrt(h)), (n, 24)."""
    day = np.exp(market.hours.context[rows, CONTEXT.index("range_24h")].astype(np.float64))
    sigma = window_volatility(market.close)[rows - (WINDOW - 1)]
    sigma = np.maximum(np.maximum(sigma, 0.2 * day), LEAST_SIGMA)
    even: Floats = 1 / (sigma[:, None] * np.sqrt(np.arange(1, HORIZONS + 1)))
    return even


def markets_of(btc: Candles, eth: Candles, fine: Mapping[Symbol, Candles] | None = None) -> tuple[Market, ...]:
    """Both symbols' hours of the clock, each with the other's as context; `fine` are their five-minute candles."""
    return all_markets({BITCOIN: btc, ETHER: eth}, fine or {})


def all_markets(
    hours: Mapping[Symbol, Candles], fine: Mapping[Symbol, Candles], offsets: tuple[int, ...] = ()
) -> tuple[Market, ...]:
    """Every coin's hours of the clock, then its hours ending so many minutes past; companions as context.

    `hours` holds Bitcoin and Ether at least. There are offsets (minutes) where five-minute candles of the coin and of
    its companion exist, a market for each piece without a long gap.
    """
    clock = (
        Market.of(symbol, candles, hours[companion(symbol)], fine.get(symbol)) for symbol, candles in hours.items()
    )
    moved = (
        _moved(symbol, piece, fine[companion(symbol)], 60 * minutes)
        for symbol in fine
        if companion(symbol) in fine
        for piece in _pieces(fine[symbol])
        for minutes in offsets
    )
    return (*clock, *(market for market in moved if market is not None))


def _moved(symbol: Symbol, fine: Candles, other: Candles, offset: int) -> Market | None:
    """One coin's hours that end `offset` seconds past, where there are enough of them to learn from."""
    candles, others = (hours_past(each, offset) for each in (fine, other))
    return Market.of(symbol, candles, others, fine) if len(candles) > LOOKBACK + HORIZONS else None


def _pieces(fine: Candles) -> list[Candles]:
    """Runs of candles without a gap longer than a forecast may fill."""
    cuts = np.flatnonzero(np.diff(fine.time) > LONGEST_GAP * HOUR) + 1
    edges = [0, *cuts.tolist(), len(fine)]
    return [fine[first:last] for first, last in pairwise(edges)]
