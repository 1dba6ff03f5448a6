"""Requests that work as they stand, for the documentation."""

from itertools import pairwise

from pydantic.config import JsonValue

from api.routes import EXAMPLE_PRICES
from forecaster.market import utc
from forecaster.schema import HOUR

OPENS = 1_749_945_600  # 2025-06-15 00:00 UTC
CLOSES = [*EXAMPLE_PRICES, *reversed(EXAMPLE_PRICES)]  # 120 hours


def candles(count: int) -> list[JsonValue]:
    """So many hours that end where CLOSES ends."""
    made: list[JsonValue] = []
    for hour, (open_, close) in enumerate(pairwise([CLOSES[0], *CLOSES])):
        low, high = round(min(open_, close) * 0.999, 2), round(max(open_, close) * 1.001, 2)
        time = utc(OPENS + hour * HOUR).isoformat().replace("+00:00", "Z")
        row: dict[str, JsonValue] = {"open_time": time, "open": open_, "high": high, "low": low, "close": close}
        made.append(row | {"volume": 12.5 + hour % 7})
    return made[-count:]


LAST_OPEN_TIME = utc(OPENS + (len(CLOSES) - 1) * HOUR).isoformat().replace("+00:00", "Z")
LIVE: dict[str, JsonValue] = {"symbol": "BTC-USD", "hours": 6}
MINUTES: dict[str, JsonValue] = {"symbol": "BTC-USD", "minutes": 45}
FROM_CLOSES: dict[str, JsonValue] = {
    "symbol": "BTC-USD",
    "closes": [*CLOSES[-60:]],
    "last_open_time": LAST_OPEN_TIME,
    "hours": 1,
    "quantiles": [0.333],
    "threshold": 62000,
}
FROM_CANDLES: dict[str, JsonValue] = {"symbol": "BTC-USD", "candles": candles(60), "hours": 1}
BATCH: dict[str, JsonValue] = {
    "windows": [
        {"symbol": "BTC-USD", "closes": [*CLOSES[-61:-1]]},
        {"symbol": "BTC-USD", "closes": [*CLOSES[-60:]], "last_open_time": LAST_OPEN_TIME},
    ],
    "hours": 1,
}
WATCHED: dict[str, JsonValue] = {"symbol": "BTC-USD", "candles": candles(72), "hours": 6, "budget_days": 10}
GRADED: dict[str, JsonValue] = {"symbol": "BTC-USD", "closes": [*CLOSES]}
ASKED: dict[str, JsonValue] = {"messages": [{"role": "user", "content": "what's BTC next hour?"}]}
