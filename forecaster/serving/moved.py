"""A standing forecast as it is told later: moved to the newest price, with the time already gone taken off its spread.

A distribution for t seconds from as_of, of which e have passed, keeps (t - e) / t of its median's move and the square
root of that share of its spread, and goes on from the last trade. A trade that cannot be the price now is not used, one
that is old is used and told.
"""

from math import log

import numpy as np

from forecaster.inference import Flag, horizons_of
from forecaster.market import Quote, utc
from forecaster.quantiles import Floats
from forecaster.schema import Forecast, ForecastWarning

OLD = 60  # seconds after which a last trade is told as old
LATEST = 1200  # seconds after as_of: a later trade says that candles or clocks are not what they should be
FARTHEST = 0.05  # log move since the newest close beyond which a trade is not believed
STALE = ForecastWarning.STALE_QUOTE


def newest_price(forecast: Forecast, quote: Quote | None) -> tuple[Quote | None, list[Flag]]:
    """The last trade where the forecast is to go on from it, else None; and what to say of it.

    A trade before as_of is none: the close at as_of is newer. Forecasts from hours of the clock alone stay as they are.
    """
    if quote is None or ForecastWarning.HOURLY in forecast.warnings:
        return None, []
    if why := _wrong(forecast, quote):
        return None, [(STALE, f"{why}, so the forecast goes on from the newest close")]
    if int(quote.time) <= forecast.as_of.timestamp():
        return None, []
    flags = []
    if quote.now - quote.time > OLD:
        flags.append((STALE, f"the last trade known, from {quote.source}, is {quote.age // 60} minutes old"))
    return quote, flags


def moved(forecast: Forecast, quote: Quote | None, flags: list[Flag]) -> Forecast:
    """The forecast from the last trade, which is later than as_of and before its first horizon."""
    update: dict[str, object] = {}
    words = [words for _, words in flags]
    if quote is not None:
        price, gone = quote.price, int(quote.time) - forecast.as_of.timestamp()
        keys = list(forecast.horizons[0].quantiles)
        prices = np.array([list(each.quantiles.values()) for each in forecast.horizons])  # (m, Q)
        minutes = [each.minutes for each in forecast.horizons]
        left = 1 - gone / (60 * np.array(minutes))
        returns = shrunk(np.log(prices / forecast.last_close), left, keys.index("0.50"))
        horizons = tuple(horizons_of(forecast, minutes, price, returns))
        update = {"last_price": price, "price_time": utc(int(quote.time)), "horizons": horizons}
        if quote.source != forecast.source:
            words.append(f"the last trade is that of {quote.source}")
    if words:
        update["warnings"] = (*forecast.warnings, *(warning for warning, _ in flags))
        update["notes"] = (*forecast.notes, *words)
    return forecast.model_copy(update=update) if update else forecast


def shrunk(returns: Floats, left: Floats, median: int) -> Floats:
    """Quantiles (m, Q) of the log return, of whose time the shares `left` (m,) are to come; `median` is a column."""
    middle = returns[:, median : median + 1]
    spread: Floats = middle * left[:, None] + (returns - middle) * np.sqrt(left)[:, None]
    return spread


def _wrong(forecast: Forecast, quote: Quote) -> str | None:
    """Why a trade cannot be the price now."""
    demo = ForecastWarning.DEMO_DATA
    if (demo in quote.warnings) != (demo in forecast.warnings):
        return "one of the last trade and the candles is simulated, and the other is not"
    if quote.quote != forecast.quote:
        return f"the last trade is in {quote.quote} and the candles are in {forecast.quote}"
    gone = quote.time - forecast.as_of.timestamp()
    if gone > LATEST:
        return f"the last trade is dated {gone / 60:.0f} minutes after the newest candle"
    off = abs(log(quote.price / forecast.last_close))
    if off > FARTHEST:
        return f"the last trade is {100 * off:.0f} % off the newest close, which no candle explains"
    return None
