"""Forecasts on another machine as long as it answers, and on this one while it does not. Answers say which.

A forecaster that failed is left alone for a while, so that its silence costs one question its patience, not every one.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from forecaster.anomalies import AnomalyReport
from forecaster.errors import BackendError, ConfigurationError, InvalidInput
from forecaster.evaluation import RollingOrigin
from forecaster.inference import Draft
from forecaster.ledger import Kept, LedgerPage, TrackRecord
from forecaster.market import Candles, PastClose, Quote, Snapshot
from forecaster.schema import CandleSpan, CandleStep, Forecast, ForecastWarning, ModelFacts, Price, Report
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import Sent
from forecaster.serving.observer import Nobody, Observer, tell_model
from forecaster.serving.remote import RemoteBackend

WITHIN = 4.0  # seconds that the other machine has: with what this one usually takes, an answer comes within 8
REST = 5.0  # seconds after a first failure, doubled with each further one in a row
LONGEST_REST = 60.0

log = logging.getLogger(__name__)

T = TypeVar("T")
Flagged = TypeVar("Flagged", Forecast, AnomalyReport, Price, CandleSpan, PastClose)


class FallbackBackend:
    """A ForecastBackend that asks `remote` first. What it refuses as InvalidInput is not asked again here."""

    def __init__(
        self,
        remote: RemoteBackend,
        local: LocalBackend,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
    ) -> None:
        """`observer` is told when the model here answers; the backends tell theirs of the rest."""
        self._remote, self._local, self._clock, self._observer = remote, local, clock, observer or Nobody()
        self._why: str | None = None  # of the newest failure, until it answers again
        self._rests_until = -math.inf
        self._failures = 0  # in a row

    async def price(self, symbol: str) -> Price:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.price(symbol)))

    async def candles(self, symbol: str, hours: int, step: CandleStep = "1h") -> CandleSpan:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.candles(symbol, hours, step)))

    async def close_at(self, symbol: str, at: datetime) -> PastClose:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.close_at(symbol, at)))

    async def quote(self, symbol: str) -> Quote:
        """See ForecastBackend; of the exchanges that are asked here."""
        return await self._local.quote(symbol)

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """See ForecastBackend; of the exchanges that are asked here."""
        return await self._local.five_minutes(symbol, count)

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See ForecastBackend; of the exchanges that are asked here."""
        return await self._local.quote_in(symbol, currency)

    async def forecast(
        self,
        symbol: str,
        hours: int | None = None,
        *,
        minutes: int | None = None,
        until: datetime | None = None,
    ) -> Forecast:
        """See ForecastBackend."""
        asked = self._asked(lambda backend: backend.forecast(symbol, hours, minutes=minutes, until=until))
        return _flagged(*await asked)

    async def forecast_from(self, symbol: str, candles: Candles, hours: int, other: Candles | None = None) -> Forecast:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.forecast_from(symbol, candles, hours, other)))

    async def forecast_closes(
        self, symbol: str, closes: Sequence[float], hours: int, last_open_time: int | None = None
    ) -> Forecast:
        """See ForecastBackend."""
        asked = self._asked(lambda backend: backend.forecast_closes(symbol, closes, hours, last_open_time))
        return _flagged(*await asked)

    async def forecast_batch(self, sent: Sequence[Sent], hours: int) -> Iterable[Forecast | Draft | InvalidInput]:
        """See ForecastBackend."""

        async def ask(backend: RemoteBackend | LocalBackend) -> Iterable[Forecast | Draft | InvalidInput]:
            return await backend.forecast_batch(sent, hours)

        answers, why = await self._asked(ask)
        return answers if why is None else (_each_flagged(each, why) for each in answers)

    async def anomalies(self, symbol: str, hours: int, days: float) -> AnomalyReport:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.anomalies(symbol, hours, days)))

    async def anomalies_from(
        self, symbol: str, candles: Candles, hours: int, days: float, other: Candles | None = None
    ) -> AnomalyReport:
        """See ForecastBackend."""
        return _flagged(*await self._asked(lambda backend: backend.anomalies_from(symbol, candles, hours, days, other)))

    async def evaluate(self, symbol: str, closes: Sequence[float]) -> RollingOrigin:
        """See ForecastBackend."""
        answer, why = await self._asked(lambda backend: backend.evaluate(symbol, closes))
        return answer.model_copy(update={"notes": (*answer.notes, why)}) if why else answer

    async def next_close(self, closes: Sequence[float]) -> float:
        """See ForecastBackend."""
        return (await self._asked(lambda backend: backend.next_close(closes)))[0]

    async def kept(self, forecast_id: str) -> Kept | None:
        """See ForecastBackend. What was issued here while the other machine was silent is kept here."""
        found, why = await self._asked(lambda backend: backend.kept(forecast_id))
        if found is not None or why is not None:
            return found
        with suppress(ConfigurationError):  # nothing is kept here
            return await self._local.kept(forecast_id)
        return None

    async def history(self, symbol: str | None, since: datetime | None, cursor: str | None, limit: int) -> LedgerPage:
        """See ForecastBackend."""
        return (await self._asked(lambda backend: backend.history(symbol, since, cursor, limit)))[0]

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        """See ForecastBackend."""
        return (await self._asked(lambda backend: backend.track_record(symbol, hours)))[0]

    async def report(self) -> Report:
        """See ForecastBackend."""
        return (await self._asked(lambda backend: backend.report()))[0]

    async def evaluation(self) -> bytes | None:
        """See ForecastBackend."""
        return (await self._asked(lambda backend: backend.evaluation()))[0]

    async def facts(self) -> ModelFacts:
        """See ForecastBackend."""
        facts, _ = await self._asked(lambda backend: backend.facts())
        return facts.model_copy(update={"warnings": (*facts.warnings, ForecastWarning.BACKEND_FALLBACK)})

    async def close(self) -> None:
        """Give back connections and files of both."""
        try:
            await self._remote.close()
        finally:
            await self._local.close()

    async def _asked(self, ask: Callable[[RemoteBackend | LocalBackend], Awaitable[T]]) -> tuple[T, str | None]:
        """The other machine's answer, or this one's and why in words. Raises what this one raises."""
        why, before, failures = self._why, self._rests_until, self._failures
        if self._clock() >= before:
            if why:  # one question tries it again; those beside it do not wait for what comes of that
                self._rests_until = self._clock() + WITHIN
            try:
                answer = await ask(self._remote)
            except BackendError as error:
                why = error.cause
                if self._failures == failures:  # else it was asked before that was known, and tells nothing new
                    self._failed(error)
            except InvalidInput:
                self._answered()
                raise
            except BaseException:
                self._rests_until = before
                raise
            else:
                self._answered()
                return answer, None
        tell_model(self._observer, self._local.predictor.ref)
        return await ask(self._local), f"the forecaster on another machine {why}, so this machine answered"

    def _failed(self, error: BackendError) -> None:
        if self._why is None:
            log.warning("%s This machine answers until it is back.", error.message)
        self._failures += 1
        rest = min(REST * 2 ** min(self._failures - 1, 10), LONGEST_REST)
        asked_for = min(error.retry_after or 0.0, LONGEST_REST)
        self._why, self._rests_until = error.cause, self._clock() + max(rest, asked_for)

    def _answered(self) -> None:
        if self._why is not None:
            log.warning("The forecaster on another machine answers again.")
        self._why, self._failures, self._rests_until = None, 0, -math.inf


def _flagged(answer: Flagged, why: str | None) -> Flagged:
    """The answer, with a warning where it does not come from the machine that was to give it."""
    if why is None:
        return answer
    warnings = (*answer.warnings, ForecastWarning.BACKEND_FALLBACK)
    return answer.model_copy(update={"warnings": warnings, "notes": (*answer.notes, why)})


def _each_flagged(answer: Forecast | Draft | InvalidInput, why: str) -> Forecast | Draft | InvalidInput:
    if isinstance(answer, Draft):
        return answer.flagged(ForecastWarning.BACKEND_FALLBACK, why)
    return _flagged(answer, why) if isinstance(answer, Forecast) else answer
