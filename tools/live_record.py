"""The whole live record of a coin and horizon, for a page: the grades of a year, the newest outcomes, what waits.

It is not a tool that a model calls: that is track_record.py, which tells of the newest forecasts alone.
"""

from datetime import timedelta

from pydantic import Field

from forecaster.ledger import Graded, Kept, Waiting, cursor_up_to
from forecaster.schema import Frozen, Symbol
from forecaster.serving import ForecastBackend

NEWEST = 24  # forecasts with an outcome
LOOKED_THROUGH = 32  # for them: another model's, and those whose close was never at hand, are left out


class LiveRecord(Frozen):
    """What became of one coin's live forecasts so many minutes ahead."""

    symbol: Symbol
    minutes: int
    grades: Graded | None = Field(description="of all of the newest model's of a year; None where none has an outcome")
    forecasts: tuple[Kept, ...] = Field(description="of these the newest, newest first, each with its outcome")
    waiting: Waiting | None = Field(description="what has no outcome yet; None where there is nothing")


async def live_record(backend: ForecastBackend, symbol: Symbol, minutes: int) -> LiveRecord:
    """The record. Raises CryptoSenseError where the backend does."""
    record = await backend.track_record(symbol, None if minutes % 60 else minutes // 60)
    grades = next((row for row in record.rows if row.minutes == minutes), None)
    newest: list[Kept] = []
    if grades:
        issued = grades.graded_to - timedelta(minutes=minutes)
        page = await backend.history(symbol, None, cursor_up_to(issued), LOOKED_THROUGH)
        newest = [each for each in page.forecasts if each.forecast.model == grades.model and _has(each, minutes)]
    return LiveRecord(
        symbol=symbol,
        minutes=minutes,
        grades=grades,
        forecasts=tuple(newest[:NEWEST]),
        waiting=next((each for each in record.waiting if each.minutes == minutes), None),
    )


def _has(kept: Kept, minutes: int) -> bool:
    return any(each.minutes == minutes for each in kept.outcomes)
