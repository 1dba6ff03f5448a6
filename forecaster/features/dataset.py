"""What the quantile recipe learns from and is graded on: both symbols' hours with the returns that followed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.features.closes import window_volatility
from forecaster.features.hourly import CONTEXT, LOOKBACK, Hours, hours_of
from forecaster.features.tape import Tape
from forecaster.market import Candles
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
    def of(cls, symbol: Symbol, candles: Candles, other: Candles) -> "Market":
        """The market of `candles`, with the other symbol's as context."""
        tape = Tape.of(candles, other)
        log, target = np.log(tape.close), np.full((len(tape.close), HORIZONS), np.nan)
        for ahead in range(1, min(HORIZONS, len(log) - 1) + 1):
            target[:-ahead, ahead - 1] = log[ahead:] - log[:-ahead]
        return cls(symbol, tape, tape.time, tape.close, hours_of(tape), np.isin(tape.time, candles.time), target)

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


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Hours to learn from, as rows of arrays that hold every market one after another."""

    channels: NDArray[np.float32]  # (hours, 6)
    context: NDArray[np.float32]  # (hours, C)
    other: NDArray[np.float32]  # (hours,) 1 where the other symbol is known
    row: NDArray[np.int32]  # (n,) which hour a forecast is issued at
    target: NDArray[np.float32]  # (n, 24) log returns
    weight: NDArray[np.float32]  # (n, 24, 2) of all levels' loss, and of the median's

    @classmethod
    def before(cls, stop: float, markets: tuple[Market, ...], half_life: float, first: float) -> "Examples":
        """Every hour whose 24 targets close before `stop` (Unix s).

        A loss counts in units of the volatility known at that hour, so that calm and wild years weigh alike.
        The loss of all levels also halves with every `half_life` years of age: the shape of the distribution
        has changed over the years, what moves its median has not. The 1 h horizon counts `first` times.
        """
        parts = [market.learnable(stop) for market in markets]
        starts = np.cumsum([0, *(len(market.time) for market in markets)])
        age = [(stop - market.time[part]) / YEAR for market, part in zip(markets, parts, strict=True)]
        even = np.concatenate([_even(market, part) for market, part in zip(markets, parts, strict=True)])
        recent = np.concatenate([0.5 ** (years / half_life) / (0.5 ** (years / half_life)).mean() for years in age])
        horizon = np.ones(HORIZONS)
        horizon[0] = first
        weight = np.stack([recent[:, None] * even, even], axis=2) * (horizon / horizon.mean())[:, None]
        target = np.concatenate([market.target[part] for market, part in zip(markets, parts, strict=True)])
        return cls(
            channels=np.concatenate([market.hours.channels for market in markets]),
            context=np.concatenate([market.hours.context for market in markets]),
            other=np.concatenate([market.hours.other for market in markets]),
            row=np.concatenate([part + start for part, start in zip(parts, starts, strict=False)]).astype(np.int32),
            target=target.astype(np.float32),
            weight=(weight / np.median((even * np.abs(target)).mean(axis=1))).astype(np.float32),
        )


def _even(market: Market, rows: NDArray[np.int64]) -> Floats:
    """What makes the losses of all hours and horizons comparable: 1 / (volatility * sqrt(h)), (n, 24)."""
    day = np.exp(market.hours.context[rows, CONTEXT.index("range_24h")].astype(np.float64))
    sigma = window_volatility(market.close)[rows - (WINDOW - 1)]
    sigma = np.maximum(np.maximum(sigma, 0.2 * day), LEAST_SIGMA)
    even: Floats = 1 / (sigma[:, None] * np.sqrt(np.arange(1, HORIZONS + 1)))
    return even


def markets_of(btc: Candles, eth: Candles) -> tuple[Market, ...]:
    """Both symbols' hours, each with the other's as context."""
    return Market.of(SYMBOLS[0], btc, eth), Market.of(SYMBOLS[1], eth, btc)
