"""Why live candles deserve less trust: they are old, or their exchange's clock shows another time than ours."""

from collections.abc import Sequence
from dataclasses import replace

from forecaster.errors import ExchangeError
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning

CLOCK_OFF = 300  # seconds by which two clocks may differ before answers say so


def flagged(
    snapshot: Snapshot, failures: Sequence[ExchangeError], ahead: float, step: int | None = None, *notes: str
) -> Snapshot:
    """The snapshot with each warning, and the same in words, then the `notes`.

    `failures` are why nothing newer could be had; the exchange's clock is so many seconds `ahead` of this machine's. A
    newer candle must exist after `step` seconds, unless otherwise those that each candle lasts.
    """
    told: dict[ForecastWarning, str] = {}
    if failures or snapshot.age >= (step or snapshot.candles.step):
        told[ForecastWarning.STALE_CANDLES] = (
            f"the newest candle at hand, from {snapshot.source}, closed {snapshot.age // 60} minutes ago"
            f"{'; nothing newer could be had: ' + causes(failures) if failures else ''}"
        )
    told |= skewed(snapshot.source, ahead)
    return replace(snapshot, warnings=tuple(told), notes=(*told.values(), *notes)) if told or notes else snapshot


def skewed(source: str, ahead: float) -> dict[ForecastWarning, str]:
    """The warning for a clock of `source` that is so many seconds ahead of ours, where that matters."""
    if abs(ahead) <= CLOCK_OFF:
        return {}
    ours = f"this machine's clock is {_span(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} that of {source}"
    return {ForecastWarning.CLOCK_SKEW: f"{ours}, by which times are told here"}


def causes(failures: Sequence[ExchangeError]) -> str:
    """Each exchange that failed, and how."""
    return ", ".join(f"{error.exchange} {error.cause}" for error in failures)


def _span(seconds: float) -> str:
    """Roughly: 12 minutes, 5 hours, 3 days."""
    for unit, name in ((86_400, "days"), (3600, "hours")):
        if seconds >= 1.9 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 60:.0f} minutes"
