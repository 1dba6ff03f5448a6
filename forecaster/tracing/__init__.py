"""What a request waits for, told as OpenTelemetry's traces to whom a setting names; without it nothing is loaded."""

from forecaster.tracing.spans import Telling, close, handed_on, install, named_to_others, part, request, span

__all__ = ["Telling", "close", "handed_on", "install", "named_to_others", "part", "request", "span"]
