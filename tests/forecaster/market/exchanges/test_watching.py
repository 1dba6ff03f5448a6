"""Twenty coins watched for an hour of simulated time: how often each exchange is asked, and what stays in memory."""

import tracemalloc
from collections import Counter
from copy import copy

import httpx
import pytest

from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.symbols import catalogue
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.exchanges.fake import AMPLE, five_minutes_of
from tests.support.exchanges.formats import CANDLES, FORMATS, TICKER, Format
from tests.support.fakes import NOON, Clock, candles_ending

NEW = ("PEPE", "SHIB", "UNI", "ATOM", "ETC")
COINS = (*catalogue(), *(f"{code}-USD" for code in NEW))
TAPE = candles_ending(NOON + 2 * HOUR, hours=800)
MINUTES = five_minutes_of(TAPE)
PER_MINUTE = {"bitstamp": 1_000, "coinbase": 600, "kraken": 60, "binance": 6_000}  # what each allows, of its own unit
WEIGHTS = {  # of a call; elsewhere each counts as one
    "binance": {"candles": 2, "ticker": 2, "products": 20},
    "kraken": {"candles": 0, "ticker": 1, "products": 1},  # whose candles count for their own pair alone: 60 a minute
}
LOOKS = 300  # seconds between two looks at each coin: its hours up to now, and its price


def listing_all(form: Format) -> Format:
    """The same exchange, which lists the new coins too."""
    form = copy(form)
    form.coins = tuple(dict.fromkeys((*form.coins, *NEW)))
    return form


LISTING_ALL = {name: listing_all(form) for name, form in FORMATS.items()}


class Everywhere:
    """Four exchanges without a network, that list twenty coins and count what they are asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.minutes: dict[str, Counter[int]] = {name: Counter() for name in LISTING_ALL}
        self.rows: list[int] = []  # of each page of candles

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name, _, path = request.url.path.removeprefix("/").partition("/")
        form, query = LISTING_ALL[name], dict(request.url.params)
        asked = form.asked(f"/{path}", query)
        self.minutes[name][int(self.clock.now // 60)] += WEIGHTS.get(name, {}).get(asked.kind, 1)
        if asked.kind == TICKER:
            body = form.ticker(MINUTES.closed_at(self.clock.now).close[-1].item() * 1.0002, self.clock.now, asked)
        elif asked.kind == CANDLES:
            tape = TAPE if asked.step == HOUR else MINUTES
            rows = form.select(tape.closed_at(self.clock.now)[-1000:].rows(), query, asked.step)
            self.rows.append(len(rows))
            body = form.encode([(int(time), *prices) for time, *prices in rows], asked)
        else:
            body = form.products(query)
        return httpx.Response(200, json=body)


class Listing(httpx.AsyncBaseTransport):
    """The same for a client."""

    def __init__(self, everywhere: Everywhere) -> None:
        self.answer = everywhere

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)


@pytest.mark.parametrize("first", EXCHANGES)
async def test_twenty_coins_watched_for_an_hour_take_less_than_a_tenth_of_each_limit(first):
    clock = Clock(NOON + 1.0)
    everywhere = Everywhere(clock)
    client = httpx.AsyncClient(transport=Listing(everywhere))
    names = (first, *(name for name in EXCHANGES if name != first))
    exchanges = [EXCHANGES[name](client, f"http://exchange/{name}", clock=clock) for name in names]
    source = LiveSource(exchanges, clock=clock, timer=clock, budget=AMPLE)
    for second in range(0, HOUR, LOOKS):
        clock.now = NOON + 1.0 + second
        for symbol in COINS:
            await source.hours_ending(symbol, None, 288)
            await source.quote(symbol)
    everywhere.rows.sort()
    cold = 2 * len(COINS)
    assert max(everywhere.rows[:-cold]) <= 5  # warm pages are small
    for name, minutes in everywhere.minutes.items():
        if not minutes:
            continue
        minutes.pop(min(minutes))  # but for the first minute, in which everything is new
        assert sum(minutes.values()) / 59 < PER_MINUTE[name] / 10, (name, minutes)
    await source.close()


async def test_a_coin_more_takes_less_than_two_megabytes():
    clock = Clock(NOON + 1.0)
    client = httpx.AsyncClient(transport=Listing(Everywhere(clock)))
    exchanges = [EXCHANGES[name](client, f"http://exchange/{name}", clock=clock) for name in EXCHANGES]
    source = LiveSource(exchanges, clock=clock, timer=clock, budget=AMPLE)

    async def watched(symbols: tuple[str, ...]) -> None:
        for symbol in symbols:
            for second in range(0, HOUR, FIVE_MINUTES):
                clock.now = NOON + 1.0 + second
                await source.hours_ending(symbol, None, 288)
                await source.quote(symbol)

    tracemalloc.start()
    try:
        await watched(COINS[:2])
        before, _ = tracemalloc.get_traced_memory()
        await watched(COINS[2:])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await source.close()
    assert (after - before) / (len(COINS) - 2) < 2_000_000


def test_there_are_twenty_coins():
    assert len(set(COINS)) == 20
