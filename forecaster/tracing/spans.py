"""Spans: what is waited for, from when to when, and within what.

    with tracing.span("forecast", symbol="BTC-USD"): ...

Until `install` names a collector, a span is one object that does nothing. Spans hold names, counts and statuses: never
a price, a question, a query, a key or the text of an error. They are ours alone: OpenTelemetry's own context stays
empty, so that no library writes what it knows into them.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Told

    from forecaster.tracing.collector import Collector

Fact = str | int | float | bool
Kind = Literal["internal", "server", "client"]
T = TypeVar("T")

TRACEPARENT = b"traceparent"  # W3C Trace Context
STANDARD = {  # OpenTelemetry's names of facts; the others are ours
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "tool": "gen_ai.tool.name",
    "error": "error.type",
}
EVERY = 1.0  # seconds after which the spans that have ended are handed over
WITHIN = 5.0  # seconds for which the collector is waited for, in a thread of its own

_collector: "Collector | None" = None
_current: "ContextVar[Span | None]" = ContextVar("span", default=None)


class Untraced:
    """A span that nobody is told of."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:  # named: packing them takes longer
        pass

    def tell(self, name: str | None = None, **facts: Fact) -> None:
        """Nothing."""


class Span:
    """Work within what is being done when it begins."""

    __slots__ = ("_arguments", "_before", "_collector", "told")

    def __init__(self, collector: "Collector", *arguments: Any) -> None:
        """`arguments` are its name, kind, facts and the caller's traceparent."""
        self._collector, self._arguments = collector, arguments
        self.told: Told

    def __enter__(self) -> Self:
        self._before = _current.get()
        self.told = self._collector.begin(self._before.told if self._before else None, *self._arguments)
        _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        _current.set(self._before)  # not reset: a generator may be closed in another context than it began in
        if isinstance(error, Exception):  # by its class: its text may hold anything
            self.tell(error=type(error).__name__)
        elif error:  # nobody waits for it any more
            self.tell(broken_off=True)
        self.told.end()

    def tell(self, name: str | None = None, **facts: Fact) -> None:
        """Say what was not known when it began: a better name, and facts; `error` and a status of 500 are failures."""
        if name:
            self.told.update_name(name)
        self.told.set_attributes(named(facts))
        if "error" in facts or int(facts.get("status", 0)) >= 500:
            self._collector.failed(self.told)


Telling = Span | Untraced
UNTRACED = Untraced()


def span(name: str, kind: Kind = "internal", **facts: Fact) -> Telling:
    """A span to be entered. What goes on after all around it has ended begins a trace of its own, linked to that."""
    return UNTRACED if _collector is None else Span(_collector, name, kind, named(facts), "")


def part(name: str, kind: Kind = "internal", **facts: Fact) -> Telling:
    """The same of what is told only within something else, such as the runs of a model but for those that try it."""
    return UNTRACED if _collector is None or _current.get() is None else Span(_collector, name, kind, named(facts), "")


def request(headers: Iterable[tuple[bytes, bytes]]) -> Telling:
    """The span of a request with these headers, in its caller's trace where they name one."""
    if _collector is None:
        return UNTRACED
    caller = next((value for name, value in headers if name == TRACEPARENT), b"")
    return Span(_collector, "request", "server", {}, caller.decode("latin-1"))


def named_to_others() -> dict[str, str]:
    """Headers that let another CryptoSense go on with the trace; none where nothing is traced."""
    current = _current.get()
    return {} if _collector is None or current is None else _collector.headers(current.told)


def handed_on(work: Callable[..., T]) -> Callable[..., T]:
    """`work` for one run in another thread, with its spans within those of this one."""
    return work if _collector is None else partial(copy_context().run, work)


def install(url: str, *, every: float = EVERY, within: float = WITHIN) -> None:
    """Hand spans to the collector at `url` (OTLP over HTTP) from now on, until `close`.

    Raises ConfigurationError where OpenTelemetry is not installed.
    """
    global _collector
    from forecaster.errors import ConfigurationError

    try:
        from forecaster.tracing.collector import Collector
    except ImportError as error:
        raise ConfigurationError(
            "CRYPTOSENSE_TRACES needs OpenTelemetry, which is not installed.",
            "Install the extra: pip install cryptosense[otel], or leave the setting out.",
        ) from error
    close()
    _collector = Collector(url, every, within)


def close() -> None:
    """Hand over what has ended, for as long as a collector is waited for, and trace nothing from now on."""
    global _collector
    closing, _collector = _collector, None
    if closing:
        closing.close()


def named(facts: dict[str, Fact]) -> dict[str, Fact]:
    """Facts by the names under which they are told."""
    return {STANDARD.get(name) or f"cryptosense.{name}": fact for name, fact in facts.items()}
