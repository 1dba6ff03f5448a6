"""What a forecast needs of a market: 288 hours up to the newest five minutes, of each imitated exchange.

Cold is a source that knows nothing and asks twice; warm is five minutes later, with one small call; at hand is without
a call. Beside each stands the floor: the same answers fetched with the same client and decoded, and nothing done with
them. No network is between: answers come from memory.
"""

import asyncio
import json
import time
from collections.abc import Iterable

import httpx

from benchmarks.figures import p50, table
from forecaster.market.candles import Candles
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.exchanges.fake import five_minutes_of
from tests.support.exchanges.formats import FORMATS, Asked
from tests.support.fakes import NOON, Clock, candles_ending

HOURS = 288
ROUNDS = 30
SYMBOL = "BTC-USD"
TAPE = candles_ending(NOON + 2 * HOUR, hours=1000)
TAPES = {HOUR: TAPE, FIVE_MINUTES: five_minutes_of(TAPE)}
HEAD = ("", "cold ms", "x floor", "warm ms", "x floor", "at hand ms", "calls cold, warm")


class Memory(httpx.AsyncBaseTransport):
    """An exchange's answers by URL, made once; and which URLs were asked for."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._form, self._clock = FORMATS[name], clock
        self._bodies: dict[tuple[str, float], bytes] = {}
        self.asked: list[httpx.URL] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key = str(request.url), self._clock.now
        if key not in self._bodies:
            self._bodies[key] = self._body(request.url)
        self.asked.append(request.url)
        return httpx.Response(200, content=self._bodies[key])

    def _body(self, url: httpx.URL) -> bytes:
        query = dict(url.params)
        asked: Asked = self._form.asked(url.path, query)
        rows = self._form.select(_served(TAPES[asked.step], self._clock.now), query, asked.step)
        return json.dumps(self._form.encode(rows, asked)).encode()


def main() -> None:
    """Measure and print."""
    rows = [asyncio.run(_measured(name)) for name in EXCHANGES]
    table(f"{HOURS} hours up to the newest five minutes", HEAD, rows, f"medians of {ROUNDS}, in turns with the floor")


async def _measured(name: str) -> tuple[str, ...]:
    clock = Clock(NOON + 1.0)
    memory = Memory(name, clock)
    times: dict[str, list[float]] = {part: [] for part in ("cold", "cold floor", "warm", "warm floor", "at hand")}
    calls: list[int] = []
    async with httpx.AsyncClient(transport=memory) as client:
        for round_ in range(-1, ROUNDS):  # the first one makes the answers
            clock.now = NOON + 1.0
            source = LiveSource([EXCHANGES[name](client, "http://exchange", clock=clock)], clock=clock, timer=clock)
            elapsed, calls = {}, []
            for part in ("cold", "warm"):
                memory.asked.clear()
                elapsed[part] = await _ask(source)
                calls.append(len(memory.asked))
                elapsed[f"{part} floor"] = await _floor(client, tuple(memory.asked))
                elapsed["at hand"] = await _ask(source)
                clock.now += FIVE_MINUTES
            if round_ >= 0:
                for part, each in elapsed.items():
                    times[part].append(each)
    found = {part: p50(each) for part, each in times.items()}
    cold, warm = found["cold"] / found["cold floor"], found["warm"] / found["warm floor"]
    figures = f"{found['cold']:.2f}", f"{cold:.2f}", f"{found['warm']:.2f}", f"{warm:.2f}", f"{found['at hand']:.3f}"
    return (name, *figures, ", ".join(map(str, calls)))


async def _ask(source: LiveSource) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    await source.hours_ending(SYMBOL, None, HOURS)
    return 1000 * (time.perf_counter() - begin)


async def _floor(client: httpx.AsyncClient, urls: Iterable[httpx.URL]) -> float:
    """Milliseconds of fetching and decoding alone."""
    begin = time.perf_counter()
    for url in urls:
        json.loads((await client.get(url)).content)
    return 1000 * (time.perf_counter() - begin)


def _served(tape: Candles, now: float) -> list[tuple[float, ...]]:
    """The newest thousand closed candles and one that forms, as the imitations take them."""
    closed = tape.closed_at(now)[-1000:].rows()
    price = closed[-1][4]
    forming = (now // tape.step * tape.step, price, price, price, price, 1.0)
    return [(int(time), *prices) for time, *prices in (*closed, forming)]


if __name__ == "__main__":
    main()
