"""A forecast as the ledger keeps it, with what became of it."""

from forecaster.ledger.track_record import Kept, Outcome, inside, pit
from forecaster.market.candles import utc
from forecaster.schema import Forecast


def kept(forecast: Forecast, actual: float | None, minutes: int = 60) -> Kept:
    """With the close at one of its horizons, where that came already."""
    horizon = next(each for each in forecast.horizons if each.minutes == minutes)
    outcome = () if actual is None else (
        Outcome(
            hours=horizon.hours, minutes=minutes, target_time=horizon.target_time, actual=actual,
            error_pct=100 * (horizon.median / actual - 1), inside=inside(horizon, actual), pit=pit(horizon, actual),
        ),
    )  # fmt: skip
    return Kept(forecast=forecast, issued_at=utc(forecast.as_of.timestamp() + 30), outcomes=outcome)
