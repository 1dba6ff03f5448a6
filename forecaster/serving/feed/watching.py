"""What is new of one symbol at its source: the last trade, closed five-minute candles, and hours that surprise.

Nothing here trusts a clock to go forward: a trade older than the last one told is not told, wherever it comes from.
Only where for a minute nobody had a newer one is the clock that told it taken for wrong, and what is said now believed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from forecaster.anomalies import Surprise
from forecaster.errors import ArtifactError, InvalidInput
from forecaster.market import Quote
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.serving.feed.events import AnomalyTold, CandleTold, QuoteTold, Told
from forecaster.serving.protocol import ForecastBackend

PATIENCE = 60.0  # seconds without a newer trade after which an older one is believed
MOST_CANDLES = 12  # that are told at once, after a while in which nobody listened
BUDGET_DAYS = 10.0  # one false alarm in so many
STANDS_FOR = 6 * HOUR  # seconds after an anomaly in which no other is told
DELAY, LATE = 3.0, 5.0  # seconds after a mark at which its candle is asked for, and until it is again
LONGEST_SLEEP = 60.0  # seconds between two looks at candles


class Watch:
    """What was last told of a symbol, and what is newer."""

    def __init__(
        self,
        symbol: str,
        backend: ForecastBackend,
        timer: Callable[[], float] | None = None,
        *,
        delay: float = DELAY,
        longest: float = LONGEST_SLEEP,
    ) -> None:
        """`timer` never goes back, in seconds.

        A candle is asked for `delay` seconds after it closes, and every `longest` seconds whatever clocks say.
        """
        self._symbol, self._backend, self._delay, self._longest = symbol, backend, delay, longest
        self._timer = timer or asyncio.get_running_loop().time
        self._quote: Quote | None = None
        self._unheard = True  # whether nobody who listens has been told a price
        self._heard = 0.0  # by the timer, when nothing older than `_quote` was said last
        self._end: int | None = None  # of the newest candle told, Unix s
        self._anomaly: float | None = None  # when the last hour told as one closed, Unix s

    def begin(self) -> None:
        """Somebody listens again, after a while in which nobody did: the price is news even where it is the same."""
        self._unheard = True

    async def quote(self) -> QuoteTold | None:
        """The last trade, where it is news. Raises what ForecastBackend.quote raises."""
        quote = await self._backend.quote(self._symbol)
        last = self._quote
        if last and quote.time < last.time and self._timer() - self._heard < PATIENCE:
            return None
        known = last and not self._unheard and _said(last) == _said(quote)
        self._quote, self._heard, self._unheard = quote, self._timer(), False
        return None if known else QuoteTold.of(quote)

    async def candles(self) -> tuple[list[CandleTold], float]:
        """Candles that closed since the last ones told, and in how many seconds to look again.

        At first it is the newest one. Raises what ForecastBackend.five_minutes raises.
        """
        snapshot = await self._backend.five_minutes(self._symbol, MOST_CANDLES)
        if snapshot is None:
            return [], self._longest
        closed = snapshot.candles.closed_at(snapshot.now)
        new = closed[-1:] if self._end is None else closed.since(self._end)
        if len(new):
            self._end = new.end
        due = snapshot.as_of + snapshot.candles.step + self._delay - snapshot.now
        return CandleTold.all_of(snapshot, new), min(due if due > 0 else LATE, self._longest)

    async def anomaly(self) -> AnomalyTold | None:
        """The newest hour, where it raises an alarm that was not raised in the six hours before.

        Raises what ForecastBackend.anomalies raises, but for a model that judges nothing, or too few candles.
        """
        with suppress(ArtifactError, InvalidInput):
            report = await self._backend.anomalies(self._symbol, 1, BUDGET_DAYS)
            if report.newest.anomalous and self._is_another(report.newest):
                return AnomalyTold.of(report, report.newest)
        return None

    def _is_another(self, found: Surprise) -> bool:
        time, last = found.time.timestamp(), self._anomaly
        if last is not None and time <= last + STANDS_FOR:
            return False
        self._anomaly = time
        return True


def _said(quote: Quote) -> tuple[object, ...]:
    """What makes a quote another one to whoever listens."""
    return quote.price, quote.source, quote.quote, quote.warnings


async def missed_candles(backend: ForecastBackend, symbol: str, since: float) -> list[Told]:
    """The five-minute candles that closed after a moment (Unix s). Raises what ForecastBackend.five_minutes raises."""
    snapshot = await backend.five_minutes(symbol, 24 * HOUR // FIVE_MINUTES)
    if snapshot is None:
        return []
    closed = snapshot.candles.closed_at(snapshot.now).since(since - snapshot.candles.step)
    return [*CandleTold.all_of(snapshot, closed)]
