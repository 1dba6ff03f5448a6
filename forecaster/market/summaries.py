"""What is told of a coin: the price now, and what happened over the newest hours.

The price is the last trade; beside it stand the close of the newest full hour, from which forecasts are made, and the
change over the 24 hours until now. The three are asked for at once. Without a last trade the close stands in for it;
without five-minute candles the change is told from full hours.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from forecaster.errors import CryptoSenseError
from forecaster.market.candles import utc
from forecaster.market.quotes import Quote
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.schema import HOUR, CandleSpan, ForecastWarning, Price

DAY = 25  # hours of candles that the change over 24 hours takes
PATIENCE = 4.0  # seconds that an answer waits for a trade once the candles are there
NO_TRADE = "no last trade could be had, so the price is the newest close"

T = TypeVar("T")


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


def span_of(snapshot: Snapshot, hours: int) -> CandleSpan:
    """The candles of the newest `hours`, of which at least one is there."""
    span = snapshot.candles.since(snapshot.as_of - HOUR * hours)
    first, last = float(span.open[0]), float(span.close[-1])
    return CandleSpan(
        **_provenance(snapshot),
        hours=(snapshot.as_of - int(span.time[0])) // HOUR,
        first_open=first,
        last_close=last,
        high=float(span.high.max()),
        low=float(span.low.min()),
        change_pct=100 * (last / first - 1),
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
