"""From the close of a five-minute candle that shows an anomaly until a webhook has it, at the service's own pace."""

import asyncio
import json
import logging
import time

import httpx
import pytest

from forecaster.alerts import Alerts
from forecaster.ledger import Ledger
from forecaster.schema import FIVE_MINUTES
from forecaster.serving.feed import Paces
from tests.api.routes.alerts.test_alerts import ALICE, KEYED, by
from tests.support.fakes import NOON, surprise
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.streams import PATIENCE, Moving, streaming

log = logging.getLogger(__name__)
WITHIN = 10.0  # seconds
CLOSES_IN = 8.0  # seconds, from when the market begins


class Ticking(Moving):
    """A market whose clock goes with ours; the hour up to the next mark is the first that moves as almost none does."""

    def __init__(self, ledger):
        self.began = time.monotonic()
        super().__init__(ledger)

    @property
    def now(self):
        return NOON + FIVE_MINUTES - CLOSES_IN + time.monotonic() - self.began

    @now.setter
    def now(self, _):
        pass

    @property
    def closes_at(self):
        """When the candle closes, by our monotonic clock."""
        return self.began + CLOSES_IN

    async def anomalies(self, symbol, hours, days):
        odd = self.now >= NOON + FIVE_MINUTES
        self.newest = surprise(back=0, days=40.0 if odd else 0.1).model_copy(update={"anomalous": odd})
        return await super().anomalies(symbol, hours, days)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'alerts.db'}")
    ledger.page()  # its tables are there
    yield ledger
    ledger.close()


async def test_an_anomaly_reaches_a_webhook_within_ten_seconds_of_the_candles_close(tmp_path, ledger):
    came = asyncio.get_running_loop().create_future()

    async def served(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        came.set_result((time.monotonic(), json.loads(body)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        alerts = Alerts(f"sqlite:///{tmp_path / 'alerts.db'}", hosts=[place], within=UNHURRIED)
        market = Ticking(ledger)
        async with streaming(market, settings=KEYED, alerts=alerts, paces=Paces()) as (to, _):
            body = {"symbol": "BTC-USD", "condition": {"kind": "anomaly"}, "webhook": f"http://{place}/"}
            async with httpx.AsyncClient(base_url=to, headers=by(ALICE), timeout=PATIENCE) as client:
                (await client.post("/v1/alerts", json=body)).raise_for_status()
            async with asyncio.timeout(PATIENCE + CLOSES_IN):
                at, told = await came
    delay = at - market.closes_at
    log.info("%.1f seconds after the close", delay)
    assert told["condition"] == {"kind": "anomaly", "budget_days": 10}
    assert 0 < delay < WITHIN
