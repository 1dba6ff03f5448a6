"""The model that answers in this process, with all that it has said live; backends on several sources may share it.

    source --gathering.py--> current.py --first forecast of each candle--> recorder.py --> ledger
                             moved.py: the same from the newest price, as far as was asked

A network that gathers questions into micro-batches is asked from threads, so that it sees several at once. Others are
asked on the event loop, where an answer comes sooner than a thread would be woken; next closes are gathered there.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, TypeVar

from forecaster import tracing
from forecaster.errors import DatabaseError, NoRecord
from forecaster.inference import LoopTurn, Predictor
from forecaster.ledger import Graded, Recorder, TrackRecord, graded_all
from forecaster.market import CandleSource
from forecaster.schema import Forecast
from forecaster.serving import drift
from forecaster.serving.ahead import Ahead
from forecaster.serving.current import Standing
from forecaster.serving.drift import Drifts
from forecaster.serving.gathering import Live, gathered
from forecaster.serving.moved import moved, newest_price
from forecaster.serving.observer import Observer, tell_model

if TYPE_CHECKING:
    from forecaster.ledger import Ledger

AT_ONCE = 64  # questions that a network may gather: asyncio's own threads are too few where cores are

T = TypeVar("T")


class LiveModel:
    """A Predictor that may be replaced while it answers, and what it said before."""

    def __init__(self, predictor: Predictor, ledger: "Ledger | None", observer: Observer) -> None:
        """Live forecasts are kept in `ledger`, which is closed with this."""
        self._recorder = Recorder(ledger) if ledger else None
        self._observer = observer
        self._threads = ThreadPoolExecutor(AT_ONCE, "forecast")  # started as they are needed
        self._issuing = asyncio.Lock()
        self._next_closes = LoopTurn[Sequence[float], float](lambda asked: self.predictor.predict_next_closes(asked))
        self.serve(predictor)

    def serve(self, predictor: Predictor) -> None:
        """Answer by another model from now on; what was begun with the one before ends with it."""
        self.predictor, self.standing = predictor, Standing(predictor)
        tell_model(self._observer, predictor.ref)

    async def forecast(self, source: CandleSource, symbol: str, ahead: Ahead) -> Forecast:
        """The forecast of what lies `ahead`. Raises what Predictor.standing, Ahead.horizons and the source raise."""
        standing, predictor = self.standing, self.predictor
        ahead.check(predictor, symbol)
        live = await gathered(source, symbol, predictor.reads_companion)
        snapshot = live.window.snapshot
        if self._recorder and standing.is_new(symbol, snapshot.source):
            with suppress(DatabaseError):  # it is asked again with the next forecast
                fresh = partial(predictor.trackers, symbol)
                past = await self._recorder.past(symbol, snapshot.source, predictor.ref.sha256, fresh)
                standing.restore(symbol, snapshot.source, past)
        issued, told = await self._stood(standing, live)
        if self._recorder:
            await self._recorder.keep(issued)
            self._recorder.fold(issued, partial(predictor.trackers, symbol))
        quote, flags = newest_price(told, live.quote)
        as_of = told.as_of.timestamp()
        minutes = ahead.horizons(as_of, int(quote.time) if quote else as_of, predictor.longest)
        return moved(predictor.ahead(told, minutes), quote, flags)

    async def next_close(self, closes: Sequence[float]) -> float:
        """See Predictor.predict_next_close."""
        if self.predictor.gathers:
            return await self.run(self.predictor.predict_next_close, closes)
        return await self._next_closes.ask(closes)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """The result of `work`, which asks the network, where that is fastest."""
        if not self.predictor.gathers:
            return work(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, tracing.handed_on(work), *arguments)

    async def read(self, work: "Callable[[Ledger], T]") -> T:
        """What `work` reads from the ledger.

        Raises what it raises, NoRecord where there is no ledger, and DatabaseError where it does not answer.
        """
        if self._recorder is None:
            raise NoRecord
        return await self._recorder.read(work)

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        """See Ledger.track_record. Raises what `read` raises; grades may take longer than a database should."""
        rows: list[Graded] = []
        for of in await self.read(lambda ledger: ledger.models(symbol)):
            rows += await asyncio.to_thread(graded_all, await self.read(methodcaller("settled", of, hours)))
        waiting = await self.read(methodcaller("waiting", symbol, hours)) if symbol else ()
        return TrackRecord(rows=tuple(rows), waiting=waiting)

    async def watch(self, stop: asyncio.Event, clock: Callable[[], float] = time.time) -> None:
        """Look after the ledger until `stop`, and tell how what it holds compares with the model's record."""
        if self._recorder:
            tell = self._observer.drifted
            await asyncio.gather(self._recorder.watch(stop), drift.watch(self._drifts, tell, stop, clock))

    async def _drifts(self, now: float) -> Drifts:
        predictor = self.predictor
        return await self.read(lambda ledger: drift.drifts(ledger, predictor, now))

    async def close(self) -> None:
        """Finish writing, and give back the ledger."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._recorder:
            await self._recorder.close()

    async def _stood(self, standing: Standing, live: Live) -> tuple[Forecast, Forecast]:
        """See Standing.forecast; in a thread, one forecast is issued after the other."""
        if not standing.predictor.gathers or standing.stands(live.window.snapshot):
            return standing.forecast(live.window, live.hours)
        async with self._issuing:
            return await self.run(standing.forecast, live.window, live.hours)
