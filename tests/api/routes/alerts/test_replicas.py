"""Alerts of two services on one PostgreSQL: made at either, told once by the one that leads, then by the other."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from forecaster.alerts import Alerts, Pace
from forecaster.database import Leader
from forecaster.ledger import Ledger
from tests.api.routes.alerts.test_alerts import ALICE, KEYED, by
from tests.support.fakes import LAST_CLOSE
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.streams import PATIENCE, Moving, streaming

EVERY = 0.1  # seconds between two looks at the lock


@pytest.fixture
def ledger(postgresql):
    ledger = Ledger(postgresql.new_database(), answer=UNHURRIED)
    ledger.page()  # its tables are there
    yield ledger
    ledger.close()


class Told(asyncio.Queue):
    """What a receiver got, and where it is."""

    @asynccontextmanager
    async def listening(self):
        async with await asyncio.start_server(self._served, "127.0.0.1", 0) as server:
            self.place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield

    async def _served(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        self.put_nowait(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


@asynccontextmanager
async def replica(url, ledger, place):
    """The address of a service, and an event that is set once it leads."""
    leads = asyncio.Event()
    alerts = Alerts(url, hosts=[place], pace=Pace(idle=0.05), within=UNHURRIED, answer=UNHURRIED)
    lead = Leader(url, lambda now: leads.set() if now else leads.clear(), every=EVERY, answer=UNHURRIED)
    async with streaming(Moving(ledger), settings=KEYED, alerts=alerts, lead=lead.run) as (to, _):
        yield to, leads


async def ask(to, told, note):
    body = {"symbol": "BTC-USD", "condition": {"kind": "price", "below": LAST_CLOSE + 1}, "note": note}
    async with httpx.AsyncClient(base_url=to, headers=by(ALICE), timeout=PATIENCE) as client:
        (await client.post("/v1/alerts", json=body | {"webhook": f"http://{told.place}/"})).raise_for_status()


async def test_what_is_made_at_either_is_told_once_by_who_leads_and_by_the_other_when_that_has_ended(ledger):
    told, url = Told(), ledger._database._url
    async with asyncio.timeout(120), told.listening(), AsyncExitStack() as stack:
        async with replica(url, ledger, told.place) as (first, first_leads):
            await first_leads.wait()
            second, second_leads = await stack.enter_async_context(replica(url, ledger, told.place))
            await ask(first, told, "made where it is watched")
            await ask(second, told, "made elsewhere")
            got = [await told.get(), await told.get()]
            assert not second_leads.is_set()
        await second_leads.wait()
        await ask(second, told, "made later")
        got.append(await told.get())
        await asyncio.sleep(1.0)  # several looks at what waits
    assert told.empty() and len({each["id"] for each in got}) == 3
    assert {each["note"] for each in got} == {"made where it is watched", "made elsewhere", "made later"}
