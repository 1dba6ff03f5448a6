"""The backend in this process: it answers what protocol.py asks, from a source of candles and a model."""

import asyncio
import copy
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from forecaster import tracing
from forecaster.anomalies import AnomalyReport, within
from forecaster.errors import InvalidInput
from forecaster.evaluation import RollingOrigin, rolling_origin
from forecaster.inference import Draft, Predictor, Window
from forecaster.ledger import Kept, LedgerPage, TrackRecord
from forecaster.market import (
    MOST_DAYS,
    Candles,
    CandleSource,
    Days,
    PastClose,
    Quote,
    Snapshot,
    close_at,
    price_now,
    span_of,
    with_companion,
)
from forecaster.schema import (
    FIVE_MINUTES,
    HOUR,
    WINDOW,
    CandleSpan,
    CandleStep,
    Forecast,
    ModelFacts,
    Price,
    Report,
)
from forecaster.serving.ahead import Ahead
from forecaster.serving.caller_input import Sent, hourly, windows_of
from forecaster.serving.gathering import HISTORY, WHOLE_HOURS, gathered
from forecaster.serving.live_model import LiveModel
from forecaster.serving.observer import Nobody, Observer, told

if TYPE_CHECKING:
    from forecaster.ledger import Ledger

LONGEST_SPAN = HISTORY  # hours of candles that one question may ask for
LONGEST_SPANS: dict[CandleStep, int] = {"5m": WINDOW, "1h": LONGEST_SPAN, "1d": 24 * MOST_DAYS}  # by their step
LIVE = 1.9  # seconds for which a trade is new to who looks every two


class LocalBackend:
    """Answers in this process, from a source of candles and a model."""

    def __init__(
        self,
        source: CandleSource,
        predictor: Predictor,
        *,
        ledger: "Ledger | None" = None,
        clock: Callable[[], float] = time.time,
        observer: Observer | None = None,
    ) -> None:
        """Live forecasts are kept in `ledger`; source and ledger are closed with the backend.

        `clock` (Unix s) says which of a caller's candles are closed; `observer` is told of every answer.
        """
        self._source, self._clock, self._observer = source, clock, observer or Nobody()
        self._days = Days(source)
        self._model = LiveModel(predictor, ledger, self._observer)
        self._evaluating = ThreadPoolExecutor(1, "evaluation")  # seconds of work: one at a time

    def beside(self, source: CandleSource) -> "LocalBackend":
        """One that answers from another source and shares all else. It is closed with this one, `source` apart."""
        other = copy.copy(self)
        other._source, other._days = source, Days(source)
        return other

    @property
    def predictor(self) -> Predictor:
        """The model that answers."""
        return self._model.predictor

    def serve(self, predictor: Predictor) -> None:
        """Answer by another model from now on; what was begun with the one before ends with it."""
        self._model.serve(predictor)

    async def price(self, symbol: str) -> Price:
        """The newest closed price, with the change over 24 hours where they are at hand."""
        return told(self._observer, await price_now(self._source, symbol))

    async def close_at(self, symbol: str, at: datetime) -> PastClose:
        """See ForecastBackend. Raises what market.close_at raises."""
        return told(self._observer, await close_at(self._source, symbol, at.timestamp()))

    async def quote(self, symbol: str) -> Quote:
        """See ForecastBackend. Raises what CandleSource.quote raises."""
        return await self._source.quote(symbol, LIVE)

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """See ForecastBackend. Raises what CandleSource.five_minutes raises."""
        return await self._source.five_minutes(symbol, count)

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See ForecastBackend. Raises what CandleSource.quote_in raises."""
        return await self._source.quote_in(symbol, currency)

    async def candles(self, symbol: str, hours: int, step: CandleStep = "1h") -> CandleSpan:
        """See ForecastBackend. Raises InvalidInput outside 1 to LONGEST_SPANS."""
        if not 1 <= hours <= LONGEST_SPANS[step]:
            raise InvalidInput(
                f"{hours} hours of candles are not offered.", f"Ask for 1 to {LONGEST_SPANS[step]} hours."
            )
        if step == "5m":
            snapshot = await self._source.five_minutes(symbol, hours * HOUR // FIVE_MINUTES)
        elif step == "1d":
            snapshot = await self._days.newest(symbol)
        else:
            snapshot = await self._source.latest(symbol, hours)
        return told(self._observer, span_of(snapshot, hours))

    async def forecast(
        self,
        symbol: str,
        hours: int | None = None,
        *,
        minutes: int | None = None,
        until: datetime | None = None,
    ) -> Forecast:
        """See ForecastBackend. Raises what Predictor.standing and Ahead.horizons raise."""
        ahead = Ahead.of(hours, minutes, until)
        with tracing.span("forecast", symbol=symbol):
            return told(self._observer, await self._model.forecast(self._source, symbol, ahead))

    async def forecast_from(self, symbol: str, candles: Candles, hours: int, other: Candles | None = None) -> Forecast:
        """See ForecastBackend. Raises what Predictor.forecast raises."""
        return await self._forecast_sent(Sent(symbol, candles, other), hours)

    async def forecast_closes(
        self, symbol: str, closes: Sequence[float], hours: int, last_open_time: int | None = None
    ) -> Forecast:
        """See ForecastBackend. Raises what Predictor.forecast raises."""
        return await self._forecast_sent(Sent(symbol, closes=closes, last_open_time=last_open_time), hours)

    async def forecast_batch(self, sent: Sequence[Sent], hours: int) -> Iterator[Forecast | Draft | InvalidInput]:
        """See ForecastBackend. Raises UnsupportedSymbol and UnsupportedHorizon."""
        return await asyncio.to_thread(self._begun, sent, hours)

    async def anomalies(self, symbol: str, hours: int, days: float) -> AnomalyReport:
        """See ForecastBackend: hours that end at the newest five-minute mark, as far back as there are five minutes.

        Raises what Monitor.report raises, and ArtifactError where the model judges nothing.
        """
        self.predictor.check(symbol, 1)
        monitor = self._model.standing.live_monitor
        window = (await gathered(self._source, symbol, minutes=WHOLE_HOURS, trade=False)).window
        reach = within(window.fine) if window.fine else hours
        if hours > reach:
            snapshot, other = await with_companion(self._source, symbol, LONGEST_SPAN)
            words = (
                f"five-minute candles reach back for the newest {max(reach, 0)} hours, so hours of the clock were used"
            )
            window = Window(hourly(snapshot, words), other)
        work = partial(monitor.report, window.snapshot, hours, days, window.other, often=window.fine is not None)
        return told(self._observer, await asyncio.to_thread(work))

    async def anomalies_from(
        self, symbol: str, candles: Candles, hours: int, days: float, other: Candles | None = None
    ) -> AnomalyReport:
        """See `anomalies`. Each question has a monitor of its own: nobody's candles are compared with another's."""
        self.predictor.check(symbol, 1)
        monitor, window = self._model.standing.new_monitor(), Sent(symbol, candles, other).window(self._clock())
        return await asyncio.to_thread(monitor.report, window.snapshot, hours, days, window.other)

    async def evaluate(self, symbol: str, closes: Sequence[float]) -> RollingOrigin:
        """See ForecastBackend. Raises InvalidInput, and UnsupportedSymbol."""
        work = partial(rolling_origin, self.predictor, symbol, np.asarray(closes, dtype=np.float64))
        return await asyncio.get_running_loop().run_in_executor(self._evaluating, tracing.handed_on(work))

    async def next_close(self, closes: Sequence[float]) -> float:
        """See Predictor.predict_next_close."""
        return await self._model.next_close(closes)

    async def kept(self, forecast_id: str) -> Kept | None:
        """See Ledger.get. Raises what LiveModel.read raises."""
        return await self._model.read(lambda ledger: ledger.get(forecast_id))

    async def history(self, symbol: str | None, since: datetime | None, cursor: str | None, limit: int) -> LedgerPage:
        """See Ledger.page. Raises what LiveModel.read raises."""
        return await self._model.read(lambda ledger: ledger.page(symbol, since, cursor, limit))

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        """See LiveModel.track_record."""
        return await self._model.track_record(symbol, hours)

    async def report(self) -> Report:
        """The model's record on hours it never saw."""
        return self.predictor.report

    async def evaluation(self) -> bytes | None:
        """See ForecastBackend."""
        return self.predictor.evaluation

    async def facts(self) -> ModelFacts:
        """See ForecastBackend."""
        return self.predictor.facts

    async def watch(self, stop: asyncio.Event) -> None:
        """Look after the ledger until `stop`: whether it works, and what it has yet to be told."""
        await self._model.watch(stop, self._clock)

    async def close(self) -> None:
        """Finish writing; give back connections and files."""
        self._evaluating.shutdown(wait=False, cancel_futures=True)
        await self._days.close()
        await self._source.close()
        await self._model.close()

    async def _forecast_sent(self, sent: Sent, hours: int) -> Forecast:
        self.predictor.check(sent.symbol, hours)
        with tracing.span("forecast", symbol=sent.symbol):
            [answer] = await self._model.run(self.predictor.forecasts, [sent.forecast_window(self._clock())], hours)
        if isinstance(answer, InvalidInput):
            raise answer
        return told(self._observer, answer)

    def _begun(self, sent: Sequence[Sent], hours: int) -> Iterator[Forecast | Draft | InvalidInput]:
        windows = windows_of(sent, self._clock())
        drafts = self.predictor.drafts([each for each in windows if isinstance(each, Window)], hours)
        return self._issued(windows, iter(drafts))

    def _issued(
        self, windows: Sequence[Window | InvalidInput], drafts: Iterator[Forecast | Draft | InvalidInput]
    ) -> Iterator[Forecast | Draft | InvalidInput]:
        """The next of `drafts` for each window, which are made as they are taken."""
        with tracing.span("forecast", windows=len(windows)):
            for each in windows:
                answer = next(drafts) if isinstance(each, Window) else each
                if isinstance(each, Window) and not isinstance(answer, InvalidInput):
                    self._observer.forecast_issued(each.snapshot.symbol)
                yield answer
