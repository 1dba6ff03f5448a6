"""A collector of traces on this machine: OTLP over HTTP, as OpenTelemetry's own collector speaks it.

    with Traces() as collector: ...      collector.url, collector.spans(), collector.bytes()
    with Traces("hangs") as collector: ...    takes what is sent, and never answers

Each span is told by its name, ids, kind, facts and whether it failed.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Raw
from opentelemetry.proto.trace.v1.trace_pb2 import Status


class Span(NamedTuple):
    name: str
    trace: str
    id: str
    parent: str  # "" of a root
    kind: str
    facts: dict[str, Any]
    failed: bool
    links: list[str]  # traces


class Traces:
    """`how` it behaves: takes, refuses (503) or hangs; it may change."""

    def __init__(self, how: str = "takes") -> None:
        self.how, self.bodies, self.headers = how, [], []
        self._let_go, self._stopped = threading.Event(), False
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.bodies.append(body)
                collector.headers.append(dict(self.headers))
                if collector.how == "hangs":
                    collector._let_go.wait()
                self.send_response(200 if collector.how == "takes" else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def __enter__(self) -> "Traces":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def relent(self) -> None:
        """Take what comes from now on, and what waits for an answer."""
        self.how = "takes"
        self._let_go.set()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if not self._stopped:
            self._stopped = True
            self._let_go.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def until_asked(self, times: int = 1) -> None:
        """Return when it has been sent something so often."""
        end = time.monotonic() + 60
        while len(self.bodies) < times:
            assert time.monotonic() < end, f"{len(self.bodies)} of {times} came"
            time.sleep(0.01)

    def everything(self) -> str:
        """All that was sent, headers too, as far as it is text."""
        return repr(self.headers) + b"".join(self.bodies).decode("latin-1")

    def spans(self) -> list[Span]:
        """What was sent, in the order in which it ended."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [scope for each in requests for resource in each.resource_spans for scope in resource.scope_spans]
        return [_told(span) for scope in scopes for span in scope.spans]


def _told(span: Raw) -> Span:
    facts = {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}
    ids = (each.hex() for each in (span.trace_id, span.span_id, span.parent_span_id))
    kind = Raw.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower()
    links = [each.trace_id.hex() for each in span.links]
    return Span(span.name, *ids, kind, facts, span.status.code == Status.STATUS_CODE_ERROR, links)
