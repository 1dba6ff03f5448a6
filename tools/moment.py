"""What time it is for an answer: by the clock that its candles are named by, which need not be this machine's."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from forecaster.errors import CryptoSenseError
from forecaster.market import BITCOIN
from forecaster.serving import ForecastBackend


class Moment(NamedTuple):
    """A time (UTC), and the newest close that was known then."""

    now: datetime
    closed: datetime


async def moment_of(backend: ForecastBackend) -> Moment | None:
    """The moment at the source that `backend` answers from; None while it gives no price."""
    try:
        price = await backend.price(BITCOIN)
    except CryptoSenseError:  # whatever is asked for then says so
        return None
    return Moment(price.as_of + timedelta(seconds=price.age_seconds), price.as_of)


def on_the_hour(seconds: float) -> Moment:
    """The moment where a clock shows so many Unix seconds and every candle is there."""
    now = datetime.fromtimestamp(seconds, UTC)
    return Moment(now, now.replace(minute=0, second=0, microsecond=0))
