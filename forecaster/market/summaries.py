"""What is told of a coin: the price now, that of a past moment, and what happened over the newest hours.

The price is the last trade; beside it stand the close of the newest full hour, from which forecasts are made, and the
change over the 24 hours until now. The three are asked for at once. Without a last trade the close stands in for it;
without five-minute candles the change is told from full hours.
"""

import asyncio
from collections.abc import Coroutine
from math import ceil
from typing import Any, TypeVar

from pydantic import AwareDatetime, Field

from forecaster.errors import CryptoSenseError, InvalidInput
from forecaster.market.candles import Candles, utc
from forecaster.market.quotes import Quote
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.schema import HOUR, CandleSpan, ForecastWarning, Price, Provenance

DAY = 25  # hours of candles that the change over 24 hours takes
PATIENCE = 4.0  # seconds that an answer waits for a trade once the candles are there
FINE = 60 * 12 + 1  # five-minute candles that a past moment is looked for among
FAR = 300  # hours that it is looked for among else
NO_TRADE = "no last trade could be had, so the price is the newest close"

T = TypeVar("T")


class PastClose(Provenance):
    """The close of the newest candle that had closed at a past moment."""

    close: float = Field(gt=0)
    time: AwareDatetime = Field(description="when that candle closed")
    step_minutes: int = Field(gt=0, description="how long it was: 5 or 60")


async def price_now(source: CandleSource, symbol: str) -> Price:
    """What a visitor wants to know of the price. Raises what the source raises where it has no candles either."""
    asked = asyncio.create_task(source.latest(symbol, DAY))
    trade = asyncio.create_task(_or_none(source.quote(symbol)))
    ending = asyncio.create_task(_or_none(source.hours_ending(symbol, None, DAY)))
    try:
        await asyncio.wait([asked])
        await asyncio.wait([trade, ending], timeout=PATIENCE)
    finally:
        _ = asked.cancel(), trade.cancel(), ending.cancel()
    hours = asked.result()
    quote = trade.result() if trade.done() and not trade.cancelled() else None
    day = ending.result() if ending.done() and not ending.cancelled() else None
    if quote is None or not _alike(hours, quote):
        return _without_trade(hours)
    before = _day_before(quote, *(each for each in (day, hours) if each is not None))
    said = _provenance(hours) | {
        "source": quote.source,
        "quote": quote.quote,
        "warnings": tuple(dict.fromkeys((*hours.warnings, *quote.warnings))),
        "notes": tuple(dict.fromkeys((*hours.notes, *quote.notes, *_elsewhere(hours, quote)))),
    }
    return Price(
        **said,
        price=quote.price,
        time=utc(int(quote.time)),
        last_close=float(hours.candles.close[-1]),
        change_24h_pct=100 * (quote.price / before - 1) if before else None,
    )


def _without_trade(hours: Snapshot) -> Price:
    last = float(hours.candles.close[-1])
    before = _close_at(hours, hours.as_of - 24 * HOUR)
    said = _provenance(hours) | {"notes": (*hours.notes, NO_TRADE)}
    change = 100 * (last / before - 1) if before else None
    return Price(**said, price=last, time=utc(hours.as_of), last_close=last, change_24h_pct=change)


def _day_before(quote: Quote, *snapshots: Snapshot) -> float | None:
    """The close nearest to 24 hours before the trade, within half an hour and in the same currency."""
    wanted = quote.time - 24 * HOUR
    for each in snapshots:
        if each.quote == quote.quote and len(each.candles):
            ends = each.candles.time + each.candles.step
            at = int(abs(ends - wanted).argmin())
            if abs(int(ends[at]) - wanted) <= HOUR / 2:
                return float(each.candles.close[at])
    return None


def _close_at(snapshot: Snapshot, end: int) -> float | None:
    candles = snapshot.candles
    at = int(candles.time.searchsorted(end - candles.step))
    return float(candles.close[at]) if at < len(candles) and int(candles.time[at]) == end - candles.step else None


def _alike(hours: Snapshot, quote: Quote) -> bool:
    """A simulated price never stands beside real candles, nor the other way round."""
    return (ForecastWarning.DEMO_DATA in hours.warnings) == (ForecastWarning.DEMO_DATA in quote.warnings)


def _elsewhere(hours: Snapshot, quote: Quote) -> tuple[str, ...]:
    """That the close comes from another exchange than the price, where it does."""
    if (hours.source, hours.quote) == (quote.source, quote.quote):
        return ()
    return (f"the newest close is that of {hours.source}, in {hours.quote}",)


async def _or_none(asked: Coroutine[Any, Any, T]) -> T | None:
    try:
        return await asked
    except CryptoSenseError:  # whatever it was, candles alone are an answer too
        return None


async def close_at(source: CandleSource, symbol: str, at: float) -> PastClose:
    """The close at `at` (Unix s) or just before: of five minutes where those reach back so far, else of an hour.

    Raises InvalidInput for a moment to come or too long ago, and what the source raises.
    """
    fine = await _or_none(source.five_minutes(symbol, FINE))
    if fine is not None and len(fine.candles.closed_at(at)):
        return _past(_provenance(fine), fine.candles, at, fine.now)
    hours = await source.latest(symbol, FAR)
    return _past(_provenance(hours), hours.candles, at, hours.now)


def close_within(span: CandleSpan, at: float) -> PastClose:
    """The same from hours that are at hand."""
    rows = [(int(c.open_time.timestamp()), c.open, c.high, c.low, c.close, c.volume) for c in span.candles]
    said = {name: getattr(span, name) for name in Provenance.model_fields}
    return _past(said, Candles.from_rows(rows), at, span.as_of.timestamp() + span.age_seconds)


def _past(said: dict[str, Any], candles: Candles, at: float, now: float) -> PastClose:
    if at > now:
        raise InvalidInput("That moment is yet to come.", "Ask for a past one, or for a forecast.")
    closed = candles.closed_at(at)
    if len(closed) == 0:
        raise InvalidInput(
            f"Candles reach back to {utc(int(candles.time[0])):%Y-%m-%d %H:%M} UTC.", "Ask for a later moment."
        )
    step = candles.step // 60
    return PastClose(**said, close=float(closed.close[-1]), time=utc(closed.end), step_minutes=step)


def span_of(snapshot: Snapshot, hours: int) -> CandleSpan:
    """The candles of the newest `hours`, of any step, of which at least one is there."""
    span = snapshot.candles.since(snapshot.as_of - HOUR * hours)
    first, last = float(span.open[0]), float(span.close[-1])
    return CandleSpan(
        **_provenance(snapshot),
        hours=ceil((snapshot.as_of - int(span.time[0])) / HOUR),
        first_open=first,
        last_close=last,
        high=float(span.high.max()),
        low=float(span.low.min()),
        change_pct=100 * (last / first - 1),
        step_minutes=span.step // 60,
        candles=span.to_schema(),
    )


def _provenance(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "symbol": snapshot.symbol,
        "source": snapshot.source,
        "quote": snapshot.quote,
        "as_of": utc(snapshot.as_of),
        "age_seconds": snapshot.age,
        "warnings": snapshot.warnings,
        "notes": snapshot.notes,
    }
