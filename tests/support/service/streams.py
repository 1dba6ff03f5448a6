"""A market that a test moves, and the service on a real socket as it runs, in the test's own event loop."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from api.app import create_app
from api.connections import HEAD_BYTES, Attended, Connections
from api.connections.sockets import address, listen
from api.routes.stream import Streams
from forecaster.market.candles import Candles
from forecaster.market.quotes import Quote
from forecaster.market.sources import Snapshot
from forecaster.schema import FIVE_MINUTES
from forecaster.serving.feed import Paces
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend, surprise
from tests.support.service.v1 import OPEN

PATIENCE = 30  # seconds
FAST = Paces(quote=0.02, candle=0.0, candles=0.05, records=0.02, beat=0.05)


def five_minutes(count, end=NOON):
    """So many candles, the newest of which closes at `end`."""
    opens = range(end - count * FIVE_MINUTES, end, FIVE_MINUTES)
    return Candles.from_rows([(time, 100.0, 101.0, 99.0, 100.5, 1.0) for time in opens], step=FIVE_MINUTES)


def trade(symbol="BTC-USD", price=LAST_CLOSE, at=0.0):
    """A quote of so many seconds after noon."""
    return Quote(symbol, "bitstamp", "USD", price, NOON + at, NOON + at + 1.0)


class Moving(FakeBackend):
    """A ForecastBackend whose price, candles and ledger a test sets; `asked` counts what was asked of it."""

    def __init__(self, ledger=None):
        super().__init__()
        del self.kept  # here it is what the ledger has
        self.ledger = ledger
        self.quotes = {}
        self.down = None  # an error, while the exchange is away
        self.minutes = five_minutes(400, NOON + 100 * FIVE_MINUTES)
        self.now = NOON + 1.0
        self.newest = surprise(back=0, moved=0.1, days=0.1)

    async def anomalies(self, symbol, hours, days):
        return (await super().anomalies(symbol, hours, days)).model_copy(update={"newest": self.newest})

    async def quote(self, symbol):
        self._called("quote", symbol)
        if self.down:
            raise self.down
        return self.quotes.get(symbol) or trade(symbol)

    async def five_minutes(self, symbol, count):
        self._called("five_minutes", symbol, count)
        if self.down:
            raise self.down
        return Snapshot(symbol, self.source, "USD", self.minutes.closed_at(self.now)[-count:], self.now)

    async def kept(self, forecast_id):
        self._called("kept")
        return self.ledger.get(forecast_id)

    async def history(self, symbol, since, cursor, limit):
        self._called("history", symbol)
        return self.ledger.page(symbol, since, cursor, limit)

    def trades(self, price, at=0.0, symbol="BTC-USD", **changes):
        """The last trade from now on, so many seconds after noon."""
        self.quotes[symbol] = replace(trade(symbol, price, at), **changes)

    def asked(self, method):
        """How often."""
        return sum(name == method for name, _ in self.calls)


@asynccontextmanager
async def streaming(backend, *, settings=OPEN, most=1000, of_one=1000, paces=FAST, alerts=None, lead=None):
    """The address of the service, and the app: its streams are fed by `backend`."""
    app = create_app(lambda: backend, settings, alerts=alerts, lead=lead)
    refused = app.state.refused = []
    app.state.streams = Streams(
        app.state.model, settings.symbols, refused.append, most=most, of_one=of_one, paces=paces
    )
    connections = Connections(AutoHTTPProtocol, app.state.line, lambda: None, 4096)
    config = uvicorn.Config(
        Attended(app), http=connections, ws="none", log_config=None, h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=PATIENCE,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as listeners:
        running = asyncio.create_task(server.serve(sockets=listeners))
        try:
            while not server.started or app.state.model.state.value == "starting":
                await asyncio.sleep(0.01)
            yield address(listeners), app
        finally:
            app.state.leaving.set()  # as api/server.py does
            server.should_exit = True
            async with asyncio.timeout(PATIENCE):
                await running


@asynccontextmanager
async def listening(to, query="symbols=BTC-USD", **headers):
    """An iterator over (event, id, data) of a stream; comments have no event."""
    async with (
        httpx.AsyncClient(base_url=to, timeout=PATIENCE) as client,
        client.stream("GET", f"/v1/stream?{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        yield _events(answer)


async def _events(answer):
    block = {}
    async for line in answer.aiter_lines():
        if not line:
            yield block.get("event", ""), block.get("id", ""), json.loads(block.get("data", "null"))
            block = {}
        else:
            name, _, value = line.partition(": ")
            block[name] = value


async def first(events, *kinds, most=200):
    """The first event of one of these kinds."""
    async with asyncio.timeout(PATIENCE):
        for _ in range(most):
            event = await anext(events)
            if event[0] in kinds:
                return event
    raise AssertionError(f"no {kinds} among {most} events")
