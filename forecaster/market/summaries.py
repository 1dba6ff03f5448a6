"""What a snapshot says by itself: the newest price, and what happened over the newest hours."""

from typing import Any

from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, CandleSpan, Price

DAY = 25  # hours of candles that a price and its change over 24 hours take


def price_of(snapshot: Snapshot) -> Price:
    """The newest closed price, with the change over 24 hours where they are at hand."""
    candles = snapshot.candles
    opening = snapshot.as_of - HOUR * DAY
    day_ago = candles.time.searchsorted(opening)
    known = day_ago < len(candles) and int(candles.time[day_ago]) == opening
    last = float(candles.close[-1])
    return Price(
        **_provenance(snapshot),
        price=last,
        change_24h_pct=100 * (last / float(candles.close[day_ago]) - 1) if known else None,
    )


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
