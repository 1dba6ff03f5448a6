"""What every request passes: keys, limits, overload, headers, logs, metrics. Pure ASGI."""

from api.middleware.caching import for_seconds, fresh, names, tagged, until_next_candle
from api.middleware.clients import client_of, counted
from api.middleware.framing import Framing
from api.middleware.gate import Gate, Rules
from api.middleware.head import Head, allowed
from api.middleware.headers import SecurityHeaders, content_security_policy
from api.middleware.hosts import Hosts
from api.middleware.idempotency import Idempotency
from api.middleware.keys import HOLDER
from api.middleware.logs import RequestLog, request_id
from api.middleware.metrics import Metrics
from api.middleware.overload import BODY_BYTES, HELD, JOIN, RETRY_AFTER, Budget, Held, Line, Overload
from api.middleware.proxies import Proxies, prefix, route_path

__all__ = [
    "BODY_BYTES",
    "HELD",
    "HOLDER",
    "JOIN",
    "RETRY_AFTER",
    "Budget",
    "Framing",
    "Gate",
    "Head",
    "Held",
    "Hosts",
    "Idempotency",
    "Line",
    "Metrics",
    "Overload",
    "Proxies",
    "RequestLog",
    "Rules",
    "SecurityHeaders",
    "allowed",
    "client_of",
    "content_security_policy",
    "counted",
    "for_seconds",
    "fresh",
    "logs",
    "metrics",
    "names",
    "prefix",
    "request_id",
    "route_path",
    "tagged",
    "until_next_candle",
]
