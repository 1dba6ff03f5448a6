"""What a live forecast is made from: hours that end at the newest five-minute mark, and what they are checked with.

    five minutes --their newest mark--> hours that end there, of the coin and of its companion
    hours of the clock                  compared with the five minutes; alone where there are none in time
    the last trade                      the price now

All of it is asked for at once, and comes from what the source holds as long as that is new. What is missing, late or
contradicts the rest is told; only without any hours is there no forecast.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from forecaster.errors import CryptoSenseError
from forecaster.inference import Flag, Window
from forecaster.market import CandleSource, Quote, Snapshot, companion
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW, ForecastWarning
from forecaster.serving.caller_input import hourly

HISTORY = 300  # hours that a live forecast may read: what one call to every exchange gives
FINE = 300  # five-minute candles beside them, 25 hours
WHOLE_HOURS = 12 * WINDOW + 1  # five-minute candles of which hours are made, and no more
LATE = 600  # seconds by which a five-minute candle may be late before full hours are used where they are newer
PATIENCE = 1.0  # seconds that a forecast waits for the companion, and for the last trade, once its own hours are there
MINUTES_PATIENCE = 2.0  # seconds that it waits for five minutes once hours of the clock are there
DISAGREE = 0.001  # share by which two closes of the same moment may differ
NEAR = 36  # five-minute candles of which none may be missing untold

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """What was known at one moment."""

    window: Window
    hours: Snapshot | None = None  # of the clock, beside hours that end at a five-minute mark
    quote: Quote | None = None


async def gathered(
    source: CandleSource, symbol: str, both: bool = True, *, minutes: int = FINE, trade: bool = True
) -> Live:
    """The newest of a symbol, of its companion where `both` are read, and the last trade where it is wanted.

    So many five-minute candles are beside the hours. Raises what the source raises for hours.
    """
    other = companion(symbol)
    fine = asyncio.create_task(_tried(source.five_minutes(symbol, minutes)))
    hours = asyncio.create_task(_tried(source.latest(symbol, HISTORY)))
    quote = asyncio.create_task(_tried(source.quote(symbol))) if trade else None
    beside = asyncio.create_task(_tried(_hours(source, other))) if both else None
    try:
        window = await _at_the_mark(source, symbol, fine, hours)
        if beside:
            window = await _with_companion(source, other, window, beside)
        if quote and window.fine:
            await asyncio.wait([quote], timeout=PATIENCE)
        clock = _result(hours) if window.fine else None
        return Live(_checked(window, clock), clock, _result(quote) if quote else None)
    finally:
        for task in (fine, hours, quote, beside):
            if task:
                task.cancel()


async def _at_the_mark(
    source: CandleSource,
    symbol: str,
    fine: "asyncio.Task[Snapshot | CryptoSenseError]",
    hours: "asyncio.Task[Snapshot | CryptoSenseError]",
) -> Window:
    """Hours up to the newest five-minute mark, or those of the clock and why."""
    await asyncio.wait([fine, hours], return_when=asyncio.FIRST_COMPLETED)
    whole = _result(hours)
    await asyncio.wait([fine], timeout=MINUTES_PATIENCE if whole else None)
    minutes, why = _closed(_result(fine))
    if minutes and (_late(minutes) or _simulated(minutes)):
        await hours
        whole = _result(hours)
        if whole and (_simulated(minutes) > _simulated(whole) or (_late(minutes) and whole.as_of > minutes.as_of)):
            minutes = None  # real hours are better than made-up minutes, and newer hours than late ones
    if minutes:
        ending = await _tried(source.hours_ending(symbol, minutes.as_of, HISTORY))
        if isinstance(ending, Snapshot) and _key(ending) == _key(minutes):
            return Window(_with_causes(ending, minutes), fine=minutes)
    found = await hours
    if isinstance(found, CryptoSenseError):
        raise found
    return Window(hourly(found, f"{why}, so hours of the clock were used, up to the newest full hour"))


def _closed(fine: Snapshot | None) -> tuple[Snapshot | None, str]:
    """Five-minute candles that are closed by the clock of their source, or None; and what to say where none are used.

    A clock that was set back shows candles that are yet to close: they are left out.
    """
    if fine is None:
        return None, "no five-minute candles could be had"
    closed = fine.candles.closed_at(fine.now)
    if len(closed) == 0:
        return None, "no five-minute candle has closed by the clock of their source"
    fine = replace(fine, candles=closed)
    return fine, f"the newest five-minute candle closed {fine.age // 60} minutes ago"


def _with_causes(ending: Snapshot, minutes: Snapshot) -> Snapshot:
    """The hours with why their five minutes are late, which may be over by the time that hours are made of them."""
    full = (next((said for said in minutes.notes if said.startswith(note)), note) for note in ending.notes)
    return replace(ending, notes=tuple(full))


def _late(fine: Snapshot) -> bool:
    return fine.age > FIVE_MINUTES + LATE


async def _with_companion(
    source: CandleSource, other: str, window: Window, beside: "asyncio.Task[Snapshot | CryptoSenseError]"
) -> Window:
    """The window with hours of `other` that end when its own do, where they can be had in time."""
    end = asyncio.get_running_loop().time() + PATIENCE
    await asyncio.wait([beside], timeout=PATIENCE)
    found, own = _result(beside), window.snapshot
    if found and (own.as_of - found.as_of) % HOUR:
        asked = source.hours_ending(other, own.as_of, HISTORY) if window.fine else source.latest(other, HISTORY)
        found = await _within(end, asked)
    if found is None or _simulated(found) != _simulated(own):
        log.warning("The forecast for %s is made without %s: %s", own.symbol, other, _why(beside))
        return window
    lag = (own.as_of - found.as_of) % HOUR
    if lag == 0:
        return replace(window, other=found)
    if own.as_of - found.as_of > LATE:  # or less than 0
        return window
    late = replace(found, candles=replace(found.candles, time=found.candles.time + lag))
    words = f"the hours of {other} end {lag // 60} minutes before those of {own.symbol}"
    return replace(window, snapshot=replace(own, notes=(*own.notes, words)), other=late)


def _checked(window: Window, clock: Snapshot | None) -> Window:
    """The window, whose snapshot tells what is wrong with its five minutes."""
    if window.fine is None:
        return window
    flags = [*_stale(window), *_missing(window.fine), *(_disagreement(window.fine, clock) if clock else ())]
    if not flags:
        return window
    own = window.snapshot
    warnings, notes = zip(*flags, strict=True)
    told = replace(own, warnings=(*own.warnings, *warnings), notes=(*notes, *own.notes))
    return replace(window, snapshot=told)


def _stale(window: Window) -> list[Flag]:
    """That candles are late, where their source did not say so."""
    own, stale = window.snapshot, ForecastWarning.STALE_CANDLES
    if window.fine is None or not _late(window.fine) or stale in own.warnings:
        return []
    return [(stale, f"the newest five-minute candle closed {own.age // 60} minutes ago")]


def _missing(fine: Snapshot) -> list[Flag]:
    near = fine.candles.since(fine.as_of - NEAR * FIVE_MINUTES)
    lost = min(NEAR, (fine.as_of - int(fine.candles.time[0])) // FIVE_MINUTES) - len(near)
    words = f"{lost} of the newest {NEAR} five-minute candles are missing: there was no trade, or they were not given"
    return [(ForecastWarning.GAPS_FILLED, words)] if lost else []


def _disagreement(fine: Snapshot, clock: Snapshot) -> list[Flag]:
    """That closes of the same moments differ, where hours of the clock come from the same exchange."""
    if (fine.source, fine.quote) != (clock.source, clock.quote):
        return []
    ends, of_hours = fine.candles.time + FIVE_MINUTES, clock.candles.time + HOUR
    _, mine, theirs = np.intersect1d(ends, of_hours, assume_unique=True, return_indices=True)
    off = np.abs(np.log(fine.candles.close[mine] / clock.candles.close[theirs]))
    if not len(off) or off.max() <= DISAGREE:
        return []
    words = f"closes of hours and of five minutes of {fine.source} differ by up to {100 * off.max():.1f} %"
    return [(ForecastWarning.SOURCES_DISAGREE, words)]


async def _hours(source: CandleSource, symbol: str) -> Snapshot:
    """Hours up to the newest mark, or else hours of the clock."""
    try:
        return await source.hours_ending(symbol, None, HISTORY)
    except CryptoSenseError:
        return await source.latest(symbol, HISTORY)


async def _within(end: float, asked: Coroutine[Any, Any, Snapshot]) -> Snapshot | None:
    try:
        async with asyncio.timeout_at(end):
            return await asked
    except (CryptoSenseError, TimeoutError):
        return None


async def _tried(asked: Coroutine[Any, Any, T]) -> T | CryptoSenseError:
    try:
        return await asked
    except CryptoSenseError as error:
        return error


def _result(task: "asyncio.Task[T | CryptoSenseError]") -> T | None:
    """What came, if it has."""
    found = task.result() if task.done() else None
    return None if isinstance(found, CryptoSenseError) else found


def _why(task: "asyncio.Task[T | CryptoSenseError]") -> str:
    """What became of a question whose answer is not used, in words."""
    if not task.done():
        return "it was not there in time."
    found = task.result()
    return str(found) if isinstance(found, CryptoSenseError) else "its candles are simulated, or of other hours."


def _key(snapshot: Snapshot) -> tuple[str, str, int]:
    return snapshot.source, snapshot.quote, snapshot.as_of


def _simulated(snapshot: Snapshot) -> bool:
    return ForecastWarning.DEMO_DATA in snapshot.warnings
