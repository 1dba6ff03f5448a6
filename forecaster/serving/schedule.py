"""Keeps the track record growing without visitors: each hour new forecasts, and what became of earlier ones.

hour closes --20 s--> backend.forecast(symbol)         which the backend records
                      ledger.open --candles of the same exchange--> ledger.settle

Forecasts of the full hour are settled by hours, those that somebody was given in between by five-minute candles.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from forecaster.errors import CryptoSenseError
from forecaster.ledger import Ledger, Open
from forecaster.market import Candles, utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.serving.protocol import ForecastBackend

DELAY = 20.0  # seconds after the full hour, by when exchanges have published its candle
RETRIES = (60.0, 120.0, 240.0, 480.0, 960.0)  # seconds between attempts where an exchange is late or does not answer

MOST_PAGES = 8  # of five-minute candles that settle one symbol at a time: of the fewest that an exchange gives, a week
OLD = 6 * HOUR  # seconds: closes that waited longer are asked for in five minutes too, whatever hours brought

# (symbol, source, since, step): an exchange's closed candles
History = Callable[[str, str, int, int], Awaitable[Candles]]
log = logging.getLogger(__name__)


class Schedule:
    """Issues and settles, hour by hour. Any number of processes may run one on the same ledger.

    `hours` is how far ahead the model looks. `delay` may differ between processes, so that they do not ask all at once.
    """

    def __init__(
        self,
        backend: ForecastBackend,
        ledger: Ledger,
        history: History,
        *,
        hours: int = HORIZONS,
        symbols: Sequence[str],
        delay: float = DELAY,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._backend = backend
        self._ledger = ledger
        self._history = history
        self._hours = hours
        self._symbols = tuple(symbols)
        self._delay = delay
        self._clock = clock
        self._sleep = sleep

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, at once and then once an hour. What goes wrong is logged and tried again."""
        while not stop.is_set():
            hour = int(self._clock()) // HOUR * HOUR
            await self._round(hour, stop)
            await self._pause(hour + HOUR + self._delay, stop)

    async def _round(self, hour: int, stop: asyncio.Event) -> None:
        """Forecast from the candles that closed at `hour` (Unix s), and settle, with as many attempts as it takes."""
        waiting = self._symbols
        for retry in (*RETRIES, None):
            waiting = tuple([symbol for symbol in waiting if not await self._issued(symbol, hour)])
            settled = await self._settled()
            if (settled and not waiting) or retry is None or self._clock() + retry >= hour + HOUR:
                return
            await self._pause(self._clock() + retry, stop)
            if stop.is_set():
                return

    async def _issued(self, symbol: str, hour: int) -> bool:
        """Whether the ledger has a forecast from candles up to `hour`."""
        try:
            forecast = await self._backend.forecast(symbol, self._hours)
            kept = await asyncio.to_thread(self._ledger.get, forecast.id)
        except CryptoSenseError as error:
            log.warning("No forecast of %s at %s: %s", symbol, utc(hour), error)
            return False
        except Exception:
            log.exception("No forecast of %s at %s", symbol, utc(hour))
            return False
        return kept is not None and forecast.as_of.timestamp() >= hour

    async def _settled(self) -> bool:
        """Whether all that has closed could be looked up: in hours, and what then still waits in five minutes.

        Hours bring closes up to now, beyond which the ledger waits no longer for old ones between them. So after an
        outage of half a day five minutes are asked for from where hours were.
        """
        failed: set[tuple[str, str]] = set()
        old: dict[tuple[str, str], Open] = {}
        for step in (HOUR, FIVE_MINUTES):
            try:
                found = await asyncio.to_thread(self._ledger.open, self._clock())
            except CryptoSenseError as error:
                log.warning("The track record does not grow: %s", error)
                return False
            found = [old.pop((each.symbol, each.source), each) for each in found] + list(old.values())
            old = {(each.symbol, each.source): each for each in found if each.since < self._clock() - OLD}
            waiting = [each for each in found if (each.symbol, each.source) not in failed]
            failed |= {(each.symbol, each.source) for each in waiting if not await self._settle(each, step)}
        return not failed

    async def _settle(self, open_: Open, step: int) -> bool:
        symbol, source, since = open_
        try:
            for _ in range(MOST_PAGES):
                candles = await self._history(symbol, source, since, step)
                await asyncio.to_thread(self._ledger.settle, symbol, source, candles)
                if step == HOUR or len(candles) == 0 or candles.end + step > self._clock():
                    break
                since = candles.end
        except CryptoSenseError as error:
            log.warning("Forecasts of %s from %s are not settled: %s", symbol, source, error)
            return False
        except Exception:
            log.exception("Forecasts of %s from %s are not settled", symbol, source)
            return False
        return True

    async def _pause(self, until: float, stop: asyncio.Event) -> None:
        """Wait until the clock shows `until` (Unix s), or `stop` is set."""
        waits = [
            asyncio.ensure_future(self._sleep(max(until - self._clock(), 0.0))),
            asyncio.ensure_future(stop.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
