"""The price of a service elsewhere, for who looks every two seconds: asked for a few times a minute."""

from forecaster.serving.remote.client import RemoteBackend
from forecaster.serving.remote.quotes import SERVES_FOR, Quotes
from tests.support.fakes import LAST_CLOSE, NOON, Clock, FakeBackend


async def test_a_price_is_asked_for_four_times_a_minute_however_often_somebody_looks():
    backend, timer = FakeBackend(), Clock(100.0)
    quotes = Quotes(backend.price, timer)
    for _ in range(30):
        quote = await quotes.of("BTC-USD")
        timer.now += 2.0
    assert (quote.price, quote.time, quote.now) == (LAST_CLOSE, NOON + 200.0, NOON + 240.0)
    assert len(backend.calls) == round(60 / (SERVES_FOR + 1))
    await quotes.of("ETH-USD")
    assert backend.calls[-1] == ("price", ("ETH-USD",))


async def test_another_machine_gives_no_five_minute_candles():
    remote = RemoteBackend("http://127.0.0.1:9")
    assert await remote.five_minutes("BTC-USD", 12) is None
    await remote.close()
