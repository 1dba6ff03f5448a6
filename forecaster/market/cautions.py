"""Why live candles deserve less trust: they are old, or their exchange's clock shows another time than ours."""

from collections.abc import Sequence
from dataclasses import replace

from forecaster.errors import ExchangeError
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning

CLOCK_OFF = 300  # seconds by which two clocks may differ before answers say so


def flagged(snapshot: Snapshot, failures: Sequence[ExchangeError], ahead: float) -> Snapshot:
    """The snapshot with each warning, and the same in words.

    `failures` are why nothing newer could be had; the exchange's clock is so many seconds `ahead` of this machine's.
    """
    told: dict[ForecastWarning, str] = {}
    if failures or snapshot.age >= snapshot.candles.step:
        causes = ", ".join(f"{error.exchange} {error.cause}" for error in failures)
        told[ForecastWarning.STALE_CANDLES] = (
            f"the newest candle at hand, from {snapshot.source}, closed {snapshot.age // 60} minutes ago"
            f"{f'; nothing newer could be had: {causes}' if causes else ''}"
        )
    if abs(ahead) > CLOCK_OFF:
        told[ForecastWarning.CLOCK_SKEW] = (
            f"this machine's clock is {_span(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} that of "
            f"{snapshot.source}, by which times are told here"
        )
    return replace(snapshot, warnings=tuple(told), notes=tuple(told.values())) if told else snapshot


def _span(seconds: float) -> str:
    """Roughly: 12 minutes, 5 hours, 3 days."""
    for unit, name in ((86_400, "days"), (3600, "hours")):
        if seconds >= 1.9 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 60:.0f} minutes"
