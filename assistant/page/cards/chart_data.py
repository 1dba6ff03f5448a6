"""What a card hands to the chart that stands in for its picture (static/chart/): the same numbers as JSON."""

import json
from collections.abc import Mapping
from html import escape

from forecaster.schema import Forecast, Horizon
from tools import ForecastAnswer, decimals_of

LEVELS = ("0.025", "0.10", "0.25", "0.50", "0.75", "0.90", "0.975")
NEAR = 4 * 60  # minutes ahead, up to which five-minute candles are shown first
FINE, COARSE = {"step": "5m", "hours": 6}, {"step": "1h", "hours": 48}


def with_chart(answer: ForecastAnswer, picture: str) -> str:
    """The picture of a forecast, and what is needed to put a chart in its place; nothing where there is none."""
    if not picture:
        return ""
    forecast = answer.forecast
    shown = FINE if forecast.horizons[-1].minutes <= NEAR else COARSE
    return charted({**_forecast(forecast), **shown, "thresholds": _thresholds(answer)}, picture)


def charted(data: Mapping[str, object], picture: str) -> str:
    """A picture with the data of its chart. Of all that may hold data, the page's sanitizer leaves `content` alone."""
    told = escape(json.dumps(data, separators=(",", ":")))
    return f'<div class="chart"><span content="{told}"></span>{picture}</div>'


def _forecast(forecast: Forecast) -> dict[str, object]:
    digits = decimals_of(forecast.symbol, forecast.last_price)
    return {
        "symbol": forecast.symbol,
        "source": forecast.source,
        "digits": digits,
        "price": [int(forecast.price_time.timestamp()), round(forecast.last_price, digits)],
        "horizons": [_point(horizon, digits) for horizon in forecast.horizons],
    }


def _point(horizon: Horizon, digits: int) -> list[float]:
    """When, and the price at each level."""
    prices = (horizon.median if level == "0.50" else horizon.quantiles[level] for level in LEVELS)
    return [int(horizon.target_time.timestamp()), *(round(price, digits) for price in prices)]


def _thresholds(answer: ForecastAnswer) -> list[float]:
    return [] if answer.threshold is None else [answer.threshold]
