"""Hands spans to a collector with OpenTelemetry's own SDK and exporter; loaded only where a setting names one.

A thread of the SDK's does it, from a queue that is bounded: where the collector is away or slow, the oldest spans are
dropped, and nobody waits. The SDK is built while no variable of OpenTelemetry's can be seen: those are meant for other
programs of the same owner. It is never made the process's own, so that other libraries' spans go nowhere.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from forecaster.quiet import without

QUEUE = 2048  # spans that wait, about 1 kB each
BATCH = 256  # spans that are handed over together

log = logging.getLogger(__name__)
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # each batch that fails; Handing tells it once


class Handing(SpanExporter):
    """An exporter that says once that it fails, and once that it works again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter, self._works = exporter, True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans over; what cannot be is dropped."""
        try:
            result = self._exporter.export(spans)
        except Exception:  # of whichever library; its text may hold the address, and that a password
            result = SpanExportResult.FAILURE
        works = result is SpanExportResult.SUCCESS
        if works and not self._works:
            log.warning("The collector takes traces again.")
        elif self._works and not works:
            log.warning(
                "The collector does not take traces: they are dropped until it does, and nobody waits for it. "
                "Check CRYPTOSENSE_TRACES, and that it listens there for OTLP over HTTP."
            )
        self._works = works
        return result

    def shutdown(self) -> None:
        """Give back the connection."""
        self._exporter.shutdown()


class Collector:
    """Begins spans, and hands them over once they have ended."""

    def __init__(self, url: str, every: float, within: float) -> None:
        """`url` is where traces are posted. `every` and `within` are seconds: see spans.py."""
        with without("OTEL_"):
            exporter = Handing(OTLPSpanExporter(endpoint=url, timeout=within))
            self._spans = BatchSpanProcessor(exporter, QUEUE, 1000 * every, BATCH, 1000 * within)
            provider = TracerProvider(DEFAULT_ON, _resource(), shutdown_on_exit=False)
            provider.add_span_processor(self._spans)
            self._tracer = provider.get_tracer("cryptosense")
        self._within = within
        self._w3c = TraceContextTextMapPropagator()

    def begin(
        self, within: Span | None, name: str, kind: str, facts: Mapping[str, str | int | float | bool], caller: str
    ) -> Span:
        """A span that begins now within another one, else in the trace that `caller`, a traceparent, names.

        One that has ended is linked instead.
        """
        ended = within is not None and isinstance(within, ReadableSpan) and within.end_time is not None
        links = [Link(within.get_span_context())] if within and ended else []
        if within and not ended:
            context = set_span_in_context(within, Context())
        else:
            context = self._w3c.extract({"traceparent": caller}, Context())
        return self._tracer.start_span(name, context, SpanKind[kind.upper()], facts, links)

    def failed(self, span: Span) -> None:
        """Mark a span as a failure."""
        span.set_status(Status(StatusCode.ERROR))

    def headers(self, span: Span) -> dict[str, str]:
        """The traceparent of a span, to be sent along."""
        headers: dict[str, str] = {}
        self._w3c.inject(headers, set_span_in_context(span, Context()))
        return headers

    def close(self) -> None:
        """Hand over what is left, without waiting longer than for any batch."""
        closing = Thread(target=self._spans.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(self._within)


def _resource() -> Resource:
    """Who tells the spans. Not the SDK's own account, which names this process's command line and owner."""
    try:
        release = version("cryptosense")
    except PackageNotFoundError:  # run from a checkout
        release = ""
    told = {"service.name": "cryptosense", "service.version": release, "service.instance.id": secrets.token_hex(8)}
    return Resource({name: value for name, value in told.items() if value})
