"""Traces of real requests: one tree each, from the request to the exchange and the model, and nothing of who asked."""

import struct
from contextlib import asynccontextmanager

from composition import Composition
from forecaster import tracing
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.receivers.traces import Traces
from tests.support.service.serving import served, settled
from tests.support.service.v1 import closes

CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
QUESTION = "what's BTC next hour?"
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}


@asynccontextmanager
async def traced(collector, within=60.0):
    """A client of the whole service, on imitated exchanges, whose spans go to `collector` until it is left."""
    parts = Composition(Settings(traces=collector.url, source="live", rate_limit="off", api_keys=ENTRIES))
    tracing.install(collector.url, within=within)
    async with served(lambda: parts.api, parts.settings, close=parts.close, turn=parts.told) as client:
        await settled(client)
        yield client


def tree(spans, root):
    """The spans of the trace of the one that is called `root`, by id, each of which leads to it."""
    top = next(span for span in spans if span.name == root)
    within = {span.id: span for span in spans if span.trace == top.trace}
    for span in within.values():
        while span is not top:
            span = within[span.parent]
    return within, top


def above(within, name):
    """The names of all that the spans of that name are in, from the nearest."""
    ways = set()
    for span in within.values():
        if span.name == name:
            way = []
            while span := within.get(span.parent):
                way.append(span.name)
            ways.add(tuple(way))
    return ways


async def test_a_forecast_is_one_tree_from_the_request_to_the_exchange_and_the_model(exchanges):
    trace, caller = CALLER
    with Traces() as collector:
        async with traced(collector) as client:
            sent = {"traceparent": f"00-{trace}-{caller}-01", "tracestate": "vendor=SECRET-7f3a"}
            answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD"}, headers=sent)
            assert answer.status_code == 200
    within, top = tree(collector.spans(), "POST /v1/forecast")
    assert {span.trace for span in collector.spans() if span.name == "model run"} == {trace}  # its trial is none's
    assert (top.trace, top.parent, top.kind, top.failed) == (trace, caller, "server", False)
    route = {"http.request.method": "POST", "http.route": "/v1/forecast", "http.response.status_code": 200}
    assert top.facts == route
    assert above(within, "exchange call") == above(within, "model run") == {("forecast", "POST /v1/forecast")}
    calls = [span for span in within.values() if span.name == "exchange call"]
    assert {span.facts["cryptosense.wanted"] for span in calls} >= {"candles", "a price"}
    assert {(span.kind, span.facts["cryptosense.exchange"]) for span in calls} == {("client", "bitstamp")}


async def test_a_turn_of_the_chat_is_one_tree_through_its_tools(exchanges):
    with Traces() as collector:
        async with traced(collector) as client:
            answer = await client.post("/v1/chat", json=CHAT)
            assert answer.status_code == 200 and "event: forecast" in answer.text
    within, _ = tree(collector.spans(), "POST /v1/chat")
    way = ("forecast", "tool forecast", "turn", "POST /v1/chat")
    assert above(within, "exchange call") == above(within, "model run") == {way}


async def test_neither_questions_nor_prices_keys_and_strange_words_leave_the_service(exchanges):
    prices = closes()
    with Traces() as collector:
        async with traced(collector) as client:
            sent = {"x-api-key": KEY, "cookie": "SECRET-7f3a", "user-agent": "SECRET-7f3a"}
            await client.post("/v1/chat", json=CHAT, headers=sent)
            await client.post("/v1/forecast", json={"symbol": "BTC-USD", "closes": prices}, headers=sent)
            await client.post("/predict", json={"prices": prices}, headers=sent)
            for path in ("/v1/SECRET-7f3a", "/SECRET-7f3a", "/v1/price?symbol=SECRET-7f3a"):
                await client.request("SECRET-7f3a", path, headers=sent)
                await client.get(path, headers=sent)
    names = {span.name for span in collector.spans()}
    assert {"POST /predict", "other other", "GET /v1/price", "GET other"} <= names
    told = collector.everything()
    for secret in (QUESTION, KEY, "alice", "SECRET", "127.0.0.1:50000", *map(str, prices)):
        assert secret not in told
    assert not any(struct.pack("<d", price).decode("latin-1") in told for price in prices)


async def test_a_collector_that_hangs_delays_no_answer(exchanges):
    with Traces("hangs") as collector:
        async with traced(collector, within=600.0) as client:  # whoever waited for it would wait so long
            for _ in range(3):
                assert (await client.post("/v1/forecast", json={"symbol": "BTC-USD"})).status_code == 200
            collector.until_asked()
            assert (await client.post("/v1/forecast", json={"symbol": "BTC-USD"})).status_code == 200
            collector.relent()


async def test_a_collector_that_refuses_is_told_of_once_and_answers_are_given(exchanges, caplog):
    with Traces("refuses") as collector:
        async with traced(collector, within=0.2) as client:
            for asked in range(1, 4):
                assert (await client.post("/v1/forecast", json={"symbol": "BTC-USD"})).status_code == 200
                collector.until_asked(asked)
    lines = [line.message for line in caplog.records if line.name == "forecaster.tracing.collector"]
    assert [line[:34] for line in lines] == ["The collector does not take traces"]
