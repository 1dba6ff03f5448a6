"""The whole service on a real socket: candles of both symbols, a ledger that knows outcomes, an assistant."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette

from api.app import create_app
from api.connections.sockets import address, listen
from api.dependencies import Step, Told, Words
from forecaster.alerts import Alerts
from forecaster.alerts.store import Limits
from forecaster.inference.predictor import Predictor
from forecaster.ledger.ledger import Ledger
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from forecaster.settings import Settings
from tests.support.fakes import HoursAlone
from tests.support.ledger.issued import closing, issued
from tests.support.service.v1 import ETHER, HISTORY, OPEN, noon

PATIENCE = 60  # seconds
MANY = 100_000  # alerts


class Markets(HoursAlone):
    """Both symbols, until noon."""

    async def latest(self, symbol, hours):
        candles = HISTORY if symbol == "BTC-USD" else ETHER
        return Snapshot(symbol, "bitstamp", "USD", candles[-hours:], noon())

    async def close(self):
        pass


async def turn(messages, *, zone="UTC"):
    yield Step("forecast", "started")
    yield Step("forecast", "done")
    yield Told(issued(0))
    yield Words("Between $1 and $2.")


async def never(work, stop):
    """This replica does not lead, so alerts are kept and nobody is told: webhooks of made up cases are not asked."""
    await stop.wait()


@contextmanager
def whole_service(directory: Path, predictor: Predictor, settings: Settings = OPEN) -> Iterator[str]:
    """The address of a server with everything in it, all of it ready; its ledger is in `directory`."""
    ledger = Ledger(f"sqlite:///{directory / 'ledger.db'}")
    for hour in range(5):
        ledger.record(issued(hour))
    ledger.settle("BTC-USD", "bitstamp", closing(5))
    backend = LocalBackend(Markets(), predictor, ledger=ledger)
    alerts = Alerts(f"sqlite:///{directory / 'ledger.db'}", limits=Limits(of_owner=MANY, alerts=MANY))
    with listening(create_app(lambda: backend, settings, turn=turn, alerts=alerts, lead=never)) as found:
        end = time.monotonic() + PATIENCE
        while httpx.get(f"{found}/readyz", timeout=PATIENCE).status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.01)
        yield found
    ledger.close()


@contextmanager
def listening(app: Starlette, port: int = 0) -> Iterator[str]:
    """The address of a server that answers for `app` meanwhile, at any free port or at this one."""
    # A client that thinks for long between two requests must not meet a connection that is just being closed.
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=10 * PATIENCE, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with listen("127.0.0.1", port) as listeners:
        thread = threading.Thread(target=server.run, kwargs={"sockets": listeners})
        thread.start()
        try:
            yield address(listeners)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
