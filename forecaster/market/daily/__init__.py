"""Daily candles, of days of UTC, to be looked at."""

from forecaster.market.daily.days import MOST_DAYS, Days, days_of

__all__ = ["MOST_DAYS", "Days", "days_of"]
