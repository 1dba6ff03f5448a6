"""What the validation year teaches: shifts, the horizons within an hour, limits of anomalies, and what is familiar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.calibration import MINUTES, Calibration, Conformal, Detectors, Touch, Within, moves
from forecaster.features import KINDS, Familiarity, Market, returns_within
from forecaster.inference import Engine, backtest
from forecaster.market import Candles
from forecaster.quantiles import Floats
from forecaster.schema import FIVE_MINUTES, HOUR, SYMBOLS, InputKind, Symbol

QUARTERS = (0, 15, 30, 45)  # minutes past at which the hours end that calibrate


@dataclass(frozen=True, slots=True)
class Year:
    """The hours that calibrate: those whose forecasts are issued between two times (Unix s)."""

    start: float
    stop: float


def clock_of(markets: tuple[Market, ...]) -> tuple[Market, ...]:
    """Those whose hours are the clock's."""
    return tuple(market for market in markets if market.time[0] % HOUR == 0)


def others_of(markets: tuple[Market, ...]) -> tuple[Market, ...]:
    """The other coins' hours of the clock, which are graded in fewer numbers."""
    return tuple(market for market in clock_of(markets) if market.symbol not in SYMBOLS)


def graded_of(markets: tuple[Market, ...]) -> tuple[Market, ...]:
    """Those that the record speaks of: BTC's and ETH's hours of the clock."""
    return tuple(market for market in clock_of(markets) if market.symbol in SYMBOLS)


def calibration_of(
    engine: Engine, markets: tuple[Market, ...], year: Year, fine: Mapping[Symbol, Candles] | None = None
) -> Calibration:
    """Fitted on BTC's and ETH's hours together, those ending at each quarter where there are such.

    Twice the hours tell better how the recipe errs. Anomalies are judged on the hours of the clock, and horizons within
    the hour are told by the hours that end at every mark.
    """
    parts = [(market, market.issued(year.start, year.stop)) for market in markets if _calibrates(market)]
    parts = [(market, rows) for market, rows in parts if len(rows)]
    actual = np.concatenate([market.closed(rows, year.stop) for market, rows in parts])
    fitted: dict[InputKind, Conformal] = {}
    judged, touch = {}, None
    for kind in KINDS:
        issued = [backtest(engine, market, rows, kind) for market, rows in parts]
        fitted[kind] = Conformal.of(np.concatenate(issued), actual)
        held = [fitted[kind].apply(each) for each in issued]
        judged[kind] = [
            (each, moves(market.close[rows[0] : rows[-1] + 2]))
            for each, (market, rows) in zip(held, parts, strict=True)
            if market.time[0] % HOUR == 0
        ]
        if kind == "full":
            touch = touch_of(held, parts, year)
    return Calibration(
        full=fitted["full"],
        closes_only=fitted["closes_only"],
        within=_within(engine, fitted["full"], markets, year, fine or {}),
        detectors=Detectors.of(judged),
        touch=touch,
    )


def touch_of(held: Sequence[Floats], parts: Sequence[tuple[Market, NDArray[np.int64]]], year: Year) -> Touch:
    """From each part's forecasts (n, 24, Q), as told, and the ways that were over by the end of the year."""
    highest, lowest = zip(*(market.reached(rows, year.stop) for market, rows in parts), strict=True)
    return Touch.of(np.concatenate(held), np.concatenate(highest), np.concatenate(lowest))


def _calibrates(market: Market) -> bool:
    return market.symbol in SYMBOLS and int(market.time[0]) % HOUR // 60 in QUARTERS


def _within(
    engine: Engine, full: Conformal, markets: tuple[Market, ...], year: Year, fine: Mapping[Symbol, Candles]
) -> Within | None:
    """From the calibrated forecasts of the next hour, where its minutes are known."""
    hour, mark, moved = [], [], []
    known = {symbol: each for symbol in SYMBOLS if symbol in fine and len(each := fine[symbol].closed_at(year.stop))}
    for market in markets:
        rows = market.issued(year.start, year.stop)
        if market.symbol in known and len(rows):
            moments = market.time[rows] + HOUR
            hour.append(full.apply(backtest(engine, market, rows, "full")[:, :1])[:, 0])
            mark.append(moments % HOUR // FIVE_MINUTES)
            moved.append(returns_within(known[market.symbol], moments, (*MINUTES, 60)))
    return Within.of(np.concatenate(hour), np.concatenate(mark), np.concatenate(moved)) if hour else None


def familiarity_of(markets: tuple[Market, ...], year: Year) -> Familiarity:
    """What every coin's hours of the clock were like before the year, and how unlike those within it."""
    training = [market.hours.context[market.issued(0, year.start)] for market in clock_of(markets)]
    validation = [market.hours.context[market.issued(year.start, year.stop)] for market in clock_of(markets)]
    return Familiarity.of(np.concatenate(training), np.concatenate(validation))
