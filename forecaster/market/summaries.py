"""What a snapshot says by itself: where it comes from, and what happened over its newest hours."""

from typing import Any

from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, CandleSpan


def span_of(snapshot: Snapshot, hours: int) -> CandleSpan:
    """The candles of the newest `hours`, of which at least one is there."""
    span = snapshot.candles.since(snapshot.as_of - HOUR * hours)
    first, last = float(span.open[0]), float(span.close[-1])
    return CandleSpan(
        **provenance(snapshot),
        hours=(snapshot.as_of - int(span.time[0])) // HOUR,
        first_open=first,
        last_close=last,
        high=float(span.high.max()),
        low=float(span.low.min()),
        change_pct=100 * (last / first - 1),
        candles=span.to_schema(),
    )


def provenance(snapshot: Snapshot) -> dict[str, Any]:
    """The fields that every answer from candles has."""
    return {
        "symbol": snapshot.symbol,
        "source": snapshot.source,
        "quote": snapshot.quote,
        "as_of": utc(snapshot.as_of),
        "age_seconds": snapshot.age,
        "warnings": snapshot.warnings,
        "notes": snapshot.notes,
    }
