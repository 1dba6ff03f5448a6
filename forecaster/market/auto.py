"""Which source settings name; and the one that asks exchanges and falls back to the simulated tape, saying so."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from forecaster.database import Health
from forecaster.errors import NoCandles, UnsupportedSymbol
from forecaster.market.candles import Candles
from forecaster.market.quotes import Quote
from forecaster.market.sources import QUOTE_SERVES, CandleSource, Snapshot
from forecaster.schema import HOUR

if TYPE_CHECKING:
    import httpx

    from forecaster.market.files import Reading
    from forecaster.settings import Settings

Told = TypeVar("Told", Snapshot, Quote)


class AutoSource:
    """A CandleSource that asks `live` first and falls back to `demo`."""

    def __init__(self, live: CandleSource, demo: CandleSource) -> None:
        self.live = live
        self._demo = demo

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` closed candles, real or simulated. Raises UnsupportedSymbol."""
        return await self._either(lambda source: source.latest(symbol, hours))

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """See CandleSource; real or simulated."""
        return await self._either(lambda source: source.five_minutes(symbol, count))

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """See CandleSource; real or simulated."""
        return await self._either(lambda source: source.hours_ending(symbol, at, hours))

    async def quote(self, symbol: str, within: float = QUOTE_SERVES) -> Quote:
        """See CandleSource; real or simulated."""
        return await self._either(lambda source: source.quote(symbol, within))

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See CandleSource; real ones alone."""
        return await self.live.quote_in(symbol, currency)

    def now(self) -> float:
        """See CandleSource; as for real ones."""
        return self.live.now()

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """See CandleSource; real ones alone."""
        return await self.live.since(symbol, source, start, step)

    async def close(self) -> None:
        """Give back connections and files."""
        await self.live.close()
        await self._demo.close()

    async def _either(self, ask: Callable[[CandleSource], Awaitable[Told]]) -> Told:
        try:
            return await ask(self.live)
        except NoCandles as error:
            try:
                simulated: Told = await ask(self._demo)
            except UnsupportedSymbol:  # a coin that exchanges may list, and the simulated tape does not have
                raise error from None
            return replace(simulated, notes=(*simulated.notes, error.message))


def open_source(
    settings: "Settings",
    transport: "httpx.AsyncBaseTransport | None" = None,
    health: "Health | None" = None,
    reading: "Reading | None" = None,
) -> CandleSource:
    """The source that `settings.source` names: auto, live, demo, or the path of a candle file.

    `transport` carries the requests to exchanges instead of the network, and they are not listened to then; `health` is
    told how the store does, `reading` says what a file does not. Nothing is opened or asked before the first question.
    """
    if settings.source == "demo":
        from forecaster.market.simulated import DemoSource

        return DemoSource()
    if settings.source == "live":
        return _live(settings, transport, health)
    if settings.source == "auto":
        from forecaster.market.simulated import DemoSource

        return AutoSource(_live(settings, transport, health), DemoSource())
    from forecaster.market.files import FileSource

    return FileSource(settings.source, reading)


def _live(settings: "Settings", transport: "httpx.AsyncBaseTransport | None", health: "Health | None") -> CandleSource:
    from forecaster.market.exchanges import EXCHANGES, LiveSource, SharedAnswers, Sockets, open_client
    from forecaster.market.store import CandleStore

    client = open_client(transport)
    answers = SharedAnswers(settings.valkey_url) if settings.valkey_url else None
    exchanges = [EXCHANGES[name](client, settings.exchange_url(name), answers=answers) for name in settings.exchanges]
    listens = settings.quotes == "auto" and transport is None and answers is None  # else each replica would listen
    sockets = Sockets({name: settings.socket_url(name) for name in settings.exchanges}) if listens else None
    store = CandleStore(settings.database_url, health)
    return LiveSource(exchanges, store, sockets=sockets, answers=answers)
