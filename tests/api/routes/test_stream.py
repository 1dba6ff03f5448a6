"""GET /v1/stream on a real socket: one look for many, going on after a loss, who does not read, and an end at once."""

import asyncio
import hashlib
import json
import socket
import threading
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress

import httpx
import pytest

from forecaster.errors import NoCandles
from forecaster.ledger.ledger import Ledger
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.serving.feed.events import QuoteTold
from forecaster.settings import Settings
from tests.support.fakes import NOON
from tests.support.ledger.issued import issued
from tests.support.service.serving import assert_problem
from tests.support.service.streams import PATIENCE, Moving, first, five_minutes, listening, streaming, trade
from tests.support.service.v1 import serving

KEY = "a-key-of-these-tests"


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def market(ledger):
    return Moving(ledger)


async def test_one_look_upstream_serves_fifty_listeners(market):
    async with streaming(market) as (to, _), AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(to)) for _ in range(50)]
        await asyncio.gather(*(first(each, "quote") for each in streams))
        market.calls.clear()
        market.trades(70_000.0, at=5)
        found = await asyncio.gather(*(first(each, "quote") for each in streams))
        assert {data["price"] for _, _, data in found} == {70_000.0}
        assert len({id_ for _, id_, _ in found}) == 1
        assert market.asked("quote") < 25  # 50 listeners of their own would have asked as many times each round


async def test_a_stream_is_told_as_proxies_pass_it_on_and_is_kept_open(market):
    async with (
        streaming(market) as (to, _),
        httpx.AsyncClient(base_url=to, timeout=PATIENCE) as client,
        client.stream("GET", "/v1/stream?symbols=BTC-USD") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-length" not in answer.headers
        lines = answer.aiter_lines()
        seen = [await anext(lines)]
        while seen[-1] != ": ping":
            seen.append(await anext(lines))
        assert seen[0] == "retry: 3000"


async def test_everything_that_happens_is_told(market, ledger):
    async with streaming(market) as (to, _), listening(to) as events:
        _, _, data = await first(events, "candle")
        assert (data["close"], data["step_minutes"]) == (100.5, 5)
        await until(lambda: market.asked("history") >= 3)
        ledger.record(issued(0))
        _, id_, data = await first(events, "forecast")
        assert id_
        assert (data["id"], data["horizon"]["hours"]) == (issued(0).id, 1)
        market.now += FIVE_MINUTES
        await first(events, "candle")


async def test_who_lost_the_connection_goes_on_after_the_last_event(market, ledger):
    async with streaming(market) as (to, _), listening(to) as other:
        async with listening(to) as events:
            _, known, _ = await first(events, "candle")
        market.now += 2 * FIVE_MINUTES
        for _ in range(2):
            await first(other, "candle")
        async with listening(to, **{"Last-Event-ID": known}) as events:
            opened = [(await first(events, "candle"))[2]["open_time"] for _ in range(2)]
        assert [each[11:16] for each in opened] == ["12:00", "12:05"]


async def test_a_restart_loses_nothing_that_the_ledger_and_the_candles_hold(market, ledger):
    known = f"{1000 * (int(time.time()) - HOUR)}-before"  # an id of the process before this one
    then = (int(time.time()) // FIVE_MINUTES - 2) * FIVE_MINUTES - NOON  # since noon of the fakes
    market.now, market.minutes = time.time(), five_minutes(300, NOON + then)
    ledger.record(issued(then / HOUR))  # while nobody served
    ledger.record(issued(then / HOUR - 2))
    ledger.settle("BTC-USD", "bitstamp", five_minutes(1, NOON + then))
    async with streaming(market) as (to, _), listening(to, **{"Last-Event-ID": known}) as events:
        told = [await anext(events) for _ in range(16)]
    kinds = [event for event, id_, _ in told if event and not id_]
    assert (kinds.count("forecast"), kinds.count("settled")) == (1, 1)
    assert 9 <= kinds.count("candle") <= 13


async def test_restarts_of_service_and_exchange_lose_no_forecast_and_no_outcome(market, ledger):
    mark = int(time.time()) // FIVE_MINUTES * FIVE_MINUTES
    market.now, market.minutes = time.time(), five_minutes(300, mark)
    hours = (mark - NOON) / HOUR
    kept = [issued(hours - back) for back in (1.25, 1.0, 0.25, 0.0)]
    ledger.record(kept[0])
    seen, outcomes = [], []

    async def listen_to(to, after, enough):
        """The id of the last event that came with one, once enough was told."""
        async with listening(to, **{"Last-Event-ID": after}) as events, asyncio.timeout(PATIENCE):
            while not enough():
                kind, id_, data = await anext(events)
                after = id_ or after
                seen.extend([data["id"]] if kind == "forecast" else [])
                outcomes.extend([data["id"]] if kind == "settled" else [])
        return after

    async with streaming(market) as (to, _), listening(to):
        await until(lambda: market.asked("history") >= 3)
        ledger.record(kept[1])
        after = await listen_to(to, f"{1000 * (mark - 2 * HOUR)}-before", lambda: kept[1].id in seen)
    ledger.record(kept[2])  # while nobody serves
    ledger.settle("BTC-USD", "bitstamp", five_minutes(12, mark))
    market.down = NoCandles("BTC-USD", ())  # and the exchange is away when the service is back
    async with streaming(market) as (to, _):
        after = await listen_to(to, after, lambda: kept[2].id in seen and {each.id for each in kept[:2]} <= {*outcomes})
        ledger.record(kept[3])
        after = await listen_to(to, after, lambda: kept[3].id in seen)
        market.down = None
        async with listening(to, **{"Last-Event-ID": after}) as events:
            assert (await first(events, "quote"))[2]["price"] > 0
    assert {*seen} == {each.id for each in kept}


async def test_who_comes_back_after_others_is_told_what_happened_since_they_did(market, ledger):
    market.now = time.time()
    known = f"{1000 * (int(time.time()) - HOUR)}-before"
    then = (int(time.time()) // FIVE_MINUTES * FIVE_MINUTES - NOON) / HOUR
    async with streaming(market) as (to, _), listening(to, **{"Last-Event-ID": known}) as events:
        await first(events, "quote")
        ledger.record(issued(then))
        assert (await first(events, "forecast"))[2]["id"] == issued(then).id
        async with listening(to, **{"Last-Event-ID": known}) as late:
            assert (await first(late, "forecast"))[2]["id"] == issued(then).id


async def test_a_listener_that_reads_nothing_is_cut_off_and_others_go_on(market):
    async with streaming(market) as (to, app), listening(to) as events:
        await first(events, "quote")
        feed = app.state.streams.feed()
        with deaf(to) as sleeper:
            await until(lambda: len(feed) == 2)
            price = 0.0
            async with asyncio.timeout(PATIENCE):
                while len(feed) == 2:
                    price += 1.0
                    for _ in range(100):  # far more than anybody is told in a second
                        feed.publish(QuoteTold.of(trade(price=price)))
                    while (await first(events, "quote", most=10_000))[2]["price"] != price:
                        pass
            assert not (await asyncio.to_thread(rest, sleeper)).endswith(b"0\r\n\r\n")  # it is cut off, not ended
        assert len(feed) == 1


def deaf(to):
    """A connection that listens and reads nothing, with as little room for what is sent as the system allows."""
    host, _, port = to.removeprefix("http://").rpartition(":")
    sleeper = socket.socket()
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.connect((host, int(port)))
    sleeper.sendall(b"GET /v1/stream?symbols=BTC-USD HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sleeper


def rest(sleeper):
    """What is left to read until there is no more, or it is cut off."""
    sleeper.settimeout(PATIENCE)
    received = b""
    with suppress(ConnectionResetError):
        while part := sleeper.recv(2**20):
            received += part
    return received


async def until(holds):
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


async def test_the_stream_ends_at_once_when_the_service_leaves_and_leaves_nothing_behind(market):
    threads = threading.active_count()
    async with streaming(market) as (to, app), listening(to) as events:
        await first(events, "quote")
        app.state.leaving.set()
        async with asyncio.timeout(2):
            async for _ in events:
                pass
        async with httpx.AsyncClient(base_url=to, timeout=60) as client:
            assert_problem(await client.get("/v1/stream?symbols=BTC-USD"), 503)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert threading.active_count() <= threads + 1  # the pool that builds the backend keeps one


async def test_nothing_is_asked_any_more_once_the_last_listener_hung_up(market):
    async with streaming(market) as (to, app):
        async with listening(to) as events:
            await first(events, "quote")
        await until(lambda: not len(app.state.streams.feed()))
        market.calls.clear()
        await asyncio.sleep(0.2)
        assert market.calls == []


async def test_one_too_many_is_told_to_come_back(market):
    async with streaming(market, most=2) as (to, _), AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(listening(to))
        async with httpx.AsyncClient(base_url=to, timeout=60) as client:
            answer = await client.get("/v1/stream?symbols=BTC-USD")
            assert_problem(answer, 503)
            assert answer.headers["retry-after"] == "60"
            assert (await client.get("/healthz")).status_code == 200


async def test_one_client_has_some_places_and_others_have_theirs(market):
    keys = {name: f"{name}-{KEY}" for name in ("one", "two")}
    hashes = tuple(f"{name}:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in keys.items())
    settings = Settings(api_keys=hashes, key_rate_limit="off", rate_limit="off", trusted_proxies=("127.0.0.1",))
    clients = [
        {"X-API-Key": keys["one"]}, {"X-API-Key": keys["two"]}, {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "2001:db8::1"}, {},
    ]  # fmt: skip
    async with (
        streaming(market, settings=settings, of_one=2) as (to, app),
        AsyncExitStack() as stack,
        httpx.AsyncClient(base_url=to, timeout=60) as client,
    ):
        for headers in clients * 2:
            await stack.enter_async_context(listening(to, **headers))
        for headers in (*clients, {"X-Forwarded-For": "2001:db8::2"}):  # a household has a /64
            answer = await client.get("/v1/stream?symbols=BTC-USD", headers=headers)
            assert_problem(answer, 429)
            assert answer.headers["retry-after"] == "60"
        assert app.state.refused == ["rate_limit"] * 6
        await stack.aclose()
        await until(lambda: not len(app.state.streams.feed()))
        async with listening(to, **clients[0]) as events:
            await first(events, "quote")


async def test_of_a_crowd_as_many_are_let_in_as_may_be_and_those_are_told_everything(market):
    async with streaming(market, most=30, of_one=20) as (to, app), AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(to)) for _ in range(10)]
        await asyncio.gather(*(first(each, "quote") for each in streams))
        statuses, sockets = Counter(), []
        for _ in range(40):
            answers = await asyncio.gather(*(status(to, sockets) for _ in range(25)))
            statuses.update(answers)
        assert statuses == {b"200": 10, b"429": 990}
        market.trades(70_000.0, at=5)
        found = await asyncio.gather(*(first(each, "quote", most=100_000) for each in streams))
        assert {data["price"] for _, _, data in found} == {70_000.0}
        assert len(app.state.streams.feed()) == 20
        for writer in sockets:
            writer.close()


async def status(to, sockets):
    """What a new connection that asks for a stream is answered; it is kept in `sockets`."""
    host, _, port = to.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sockets.append(writer)
    writer.write(b"GET /v1/stream?symbols=BTC-USD HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return (await reader.readline()).split()[1]


async def test_streams_hold_no_place_among_those_at_work(market):
    settings = Settings(rate_limit="off", max_concurrent=3)
    async with streaming(market, settings=settings) as (to, _), AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(listening(to))
        async with httpx.AsyncClient(base_url=to, timeout=60) as client:
            for _ in range(10):
                assert (await client.get("/v1/price?symbol=BTC-USD")).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "symbols=", "symbols=BTC", "symbols=BTC-USD,,ETH-USD", "symbols=btc-usd", "symbols=PEPE-USD",
     "symbols=BTC-USD&seconds=0", "symbols=BTC-USD&seconds=x", "symbols=BTC-USD&more=1",
     "symbols=" + ",".join(["BTC-USD"] * 41)],
)  # fmt: skip
async def test_what_cannot_be_listened_to_is_refused(market, query):
    async with serving(market) as client:
        assert_problem(await client.get(f"/v1/stream?{query}"), 422)


async def test_a_stream_may_have_an_end_and_be_asked_about(market):
    async with serving(market) as client:
        answer = await client.get("/v1/stream?symbols=BTC-USD,ETH-USD,BTC-USD&seconds=1")
        assert answer.status_code == 200
        blocks = [block for block in answer.text.split("\n\n") if block.startswith("event: quote")]
        assert {json.loads(each.partition("data: ")[2])["symbol"] for each in blocks} == {"BTC-USD", "ETH-USD"}
        head = await client.head("/v1/stream?symbols=BTC-USD")
        assert (head.status_code, head.content) == (200, b"")


async def test_a_key_is_needed_where_one_is_and_other_sites_may_listen_where_they_are_allowed(market):
    settings = Settings(
        api_keys=(f"tests:{hashlib.sha256(KEY.encode()).hexdigest()}",),
        require_api_key=True,
        allowed_origins=("https://site.example",),
    )
    async with serving(market, settings) as client:
        there = {"Origin": "https://site.example"}
        assert_problem(await client.get("/v1/stream?symbols=BTC-USD", headers=there), 401)
        answer = await client.get("/v1/stream?symbols=BTC-USD&seconds=1", headers={**there, "X-API-Key": KEY})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://site.example"
        assert "ratelimit" in answer.headers
        asked = {**there, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "last-event-id"}
        assert (await client.options("/v1/stream", headers=asked)).status_code == 200
