"""What every request passes: keys, limits, overload, headers, logs, metrics. Pure ASGI."""

from api.middleware.caching import for_seconds, fresh, names, streamed, tagged, until_next_candle
from api.middleware.clients import client_of, counted
from api.middleware.framing import Framing
from api.middleware.gate import Gate, Rules
from api.middleware.head_requests import Head
from api.middleware.headers import SecurityHeaders, content_security_policy
from api.middleware.hosts import Hosts
from api.middleware.idempotency import Idempotency
from api.middleware.keys import CHALLENGE, HOLDER
from api.middleware.logs import RequestLog
from api.middleware.metrics import Metrics
from api.middleware.overload import BODY_BYTES, Line, Overload
from api.middleware.proxies import Proxies

__all__ = [
    "BODY_BYTES",
    "CHALLENGE",
    "HOLDER",
    "Framing",
    "Gate",
    "Head",
    "Hosts",
    "Idempotency",
    "Line",
    "Metrics",
    "Overload",
    "Proxies",
    "RequestLog",
    "Rules",
    "SecurityHeaders",
    "client_of",
    "content_security_policy",
    "counted",
    "for_seconds",
    "fresh",
    "logs",
    "metrics",
    "names",
    "streamed",
    "tagged",
    "until_next_candle",
]
