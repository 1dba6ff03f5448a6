"""Which exchanges are to be left alone just now, and until when."""

from dataclasses import dataclass

from forecaster.errors import ExchangeError

REST = 2.0  # seconds after a first failure, doubled with each further one
LONGEST_REST = 60.0


@dataclass(frozen=True, slots=True)
class _Rest:
    error: ExchangeError
    start: float  # Unix seconds
    seconds: float
    failures: int  # in a row


class Cooldowns:
    """Remembers failures, so that one exchange in trouble neither slows every answer nor is hammered.

    An exchange that asked to be left alone is, for as long as it said. Any other failure costs it 2 s,
    doubled with each further failure in a row up to a minute. An answer clears its name.
    """

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def failed(self, error: ExchangeError, now: float) -> None:
        """Start a rest at `now` (Unix s)."""
        before = self._rests.get(error.exchange)
        failures = 1 if before is None else before.failures + 1
        backoff = min(REST * 2 ** min(failures - 1, 10), LONGEST_REST)
        seconds = backoff if error.retry_after is None else error.retry_after
        self._rests[error.exchange] = _Rest(error, now, seconds, failures)

    def answered(self, exchange: str) -> None:
        """Forget what went wrong before."""
        self._rests.pop(exchange, None)

    def error(self, exchange: str, now: float) -> ExchangeError | None:
        """Why `exchange` is not to be asked at `now` (Unix s), or None when it may be."""
        rest = self._rests.get(exchange)
        if rest is None or not rest.start <= now < rest.start + rest.seconds:
            return None
        if rest.error.retry_after is None:
            return rest.error
        left = max(1.0, rest.start + rest.seconds - now)
        return ExchangeError(exchange, f"asked to be left alone for {left:.0f} s", retry_after=left)
