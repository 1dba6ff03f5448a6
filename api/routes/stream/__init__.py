"""``GET /v1/stream``: prices, candles, forecasts, outcomes and anomalies as Server-Sent Events, as they happen."""

from api.routes.stream.route import router
from api.routes.stream.streams import Streams

__all__ = ["Streams", "router"]
