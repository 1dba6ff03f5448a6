"""How often exchanges are asked for a forecast: a few times when nothing is known, once for what is new, else never."""

import asyncio
import ssl
from collections import Counter

import httpx
import pytest

from forecaster.market.candles import utc
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.schema import ForecastWarning
from forecaster.serving.backend import LocalBackend
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.fakes import NOON, candles_ending

pytestmark = pytest.mark.unhurried
TLS = ssl.create_default_context()
START = NOON + 43 * 60 + 10
TAPE = candles_ending(NOON + 10 * 3600, hours=1200)
COLD = {("candles", "BTC-USD", 300), ("candles", "BTC-USD", 3600), ("ticker", "BTC-USD", 0)} | {
    ("candles", "ETH-USD", 300),
    ("candles", "ETH-USD", 3600),
}


@pytest.fixture
def fake():
    with FakeExchanges(TAPE, START) as fake:
        yield fake


@pytest.fixture(params=list(EXCHANGES))
async def backend(request, fake, shipped):
    client = httpx.AsyncClient(verify=TLS, timeout=60)
    exchange = EXCHANGES[request.param](client, fake.urls[request.param])
    backend = LocalBackend(
        LiveSource([exchange], clock=fake.time, timer=fake.time, budget=AMPLE), shipped, clock=fake.time
    )
    yield backend
    await backend.close()


def asked(fake):
    """What exchanges were asked since the last time, how often each."""
    found = Counter((each.kind, each.symbol, each.step if each.kind == "candles" else 0) for _, each in fake.asked)
    fake.asked.clear()
    return found


async def test_exchanges_are_asked_once_for_each_thing_and_then_for_what_is_new(backend, fake):
    told = await asyncio.gather(*(backend.forecast("BTC-USD", 1) for _ in range(20)))
    assert asked(fake) == Counter(COLD)
    assert {each.id for each in told} == {told[0].id}
    assert told[0].as_of == utc(NOON + 40 * 60)
    assert not set(told[0].warnings) - {ForecastWarning.CLOSES_ONLY}

    for minutes in (4, 45, 1440):
        await backend.forecast("BTC-USD", minutes=minutes)
    assert asked(fake) == Counter()

    fake.now = START + 10  # the last trade is a few seconds old at most
    await backend.forecast("BTC-USD", 24)
    assert asked(fake) == Counter({("ticker", "BTC-USD", 0): 1})

    fake.now = START + 300
    later = await backend.forecast("BTC-USD", 1)
    assert later.as_of == utc(NOON + 45 * 60)
    assert asked(fake) == Counter(COLD - {("candles", symbol, 3600) for symbol in ("BTC-USD", "ETH-USD")})
