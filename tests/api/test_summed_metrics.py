"""GET /metrics?replicas=all: what several replicas count together, over Debian's redis-server."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import summed_metrics
from api.middleware.metrics import Answered, Metrics
from api.summed_metrics import summed
from tests.api.middleware.test_metrics import labelled, requests, series
from tests.support.service.serving import served, settled
from tests.support.service.v1 import OPEN
from tests.support.service.valkey import Server

REPLICAS = labelled("cryptosense_replicas")
HEALTH = requests("/healthz", "GET", 200)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.kill()


async def all_of(client):
    answer = await client.get("/metrics?replicas=all")
    assert (answer.status_code, answer.headers["content-type"].startswith("text/plain; version=")) == (200, True)
    return answer.text


async def until(client, holds):
    """The sum once it holds."""
    async with asyncio.timeout(60):
        while not holds(found := series(await all_of(client))):
            await asyncio.sleep(0.1)
    return found


async def replica(stack, url, requests_of_health):
    client = await stack.enter_async_context(served(settings=OPEN.model_copy(update={"valkey_url": url})))
    for _ in range(requests_of_health):
        await client.get("/healthz")
    await settled(client)
    return client


async def test_any_replica_tells_the_sum_of_all_and_one_that_ends_leaves_it(server):
    async with AsyncExitStack() as stack:
        first, second = await replica(stack, server.url, 3), await replica(stack, server.url, 4)
        async with AsyncExitStack() as leaving:
            third = await replica(leaving, server.url, 5)
            for client in (first, second, third):
                found = await until(client, lambda found: found[REPLICAS] == 3)
                assert found[HEALTH] == 12
                assert found[labelled("cryptosense_http_request_seconds_count", route="/healthz")] == 12
        assert (await until(second, lambda found: found[REPLICAS] == 2))[HEALTH] == 7
        assert series((await first.get("/metrics")).text)[HEALTH] == 3  # as Prometheus asks each for itself


async def test_while_valkey_is_away_a_replica_tells_its_own_and_says_so_and_then_all_again(server):
    async with AsyncExitStack() as stack:
        first, second = await replica(stack, server.url, 3), await replica(stack, server.url, 4)
        await until(first, lambda found: found[REPLICAS] == 2)
        server.kill()
        found = await until(first, lambda found: found[REPLICAS] == 1)
        assert found[HEALTH] == 3
        assert (await all_of(first)).startswith("# Valkey does not answer")
        server.start()
        assert (await until(second, lambda found: found[REPLICAS] == 2))[HEALTH] == 7
        assert "# Valkey" not in await all_of(second)


async def test_without_a_valkey_there_is_one_replica_and_other_words_are_refused():
    async with served(settings=OPEN) as client:
        await client.get("/healthz")
        found = series(await all_of(client))
        assert (found[REPLICAS], found[HEALTH]) == (1, 1)
        assert (await client.get("/metrics?replicas=some")).status_code == 422


def test_each_kind_of_gauge_keeps_to_its_rule():
    texts = []
    for number, works in enumerate((True, False, True)):
        counted = Metrics()
        counted.database_works(works)
        counted.in_flight = number + 1
        counted.candle_seen("BTC-USD", 100.0 * (number + 1))
        counted.alert_deliveries_waiting(number)
        counted.serves("quantile", str(min(number, 1)), "ab")
        counted.answered(Answered("GET", "/predict", 200, 0.003 * (number + 1)))
        texts.append(counted.text())
    text = summed(texts).decode()
    found, own = series(text), [series(each.decode()) for each in texts]
    assert found[labelled("cryptosense_database_up")] == 0
    assert found[labelled("cryptosense_http_requests_in_flight")] == 6
    assert 300 <= found[labelled("cryptosense_newest_candle_age_seconds", symbol="BTC-USD")] < 400
    assert found[labelled("cryptosense_alert_deliveries_waiting")] == 2
    models = [key for key in found if key[0] == "cryptosense_model_info"]
    assert len(models) == 2 and {found[each] for each in models} == {1}
    began = labelled("process_start_time_seconds")
    assert found[began] == min(each[began] for each in own)
    buckets = {le: found[labelled("cryptosense_http_request_seconds_bucket", route="/predict", le=le)]
               for le in ("0.0025", "0.005", "0.01", "+Inf")}  # fmt: skip
    assert buckets == {"0.0025": 0, "0.005": 1, "0.01": 3, "+Inf": 3}
    kinds = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert {
        family.name: family.type for family in text_string_to_metric_families(texts[0].decode())
    }.items() <= kinds.items()


def test_the_sum_of_one_is_what_it_counts():
    counted = Metrics()
    counted.answered(Answered("GET", "/predict", 200, 0.003))
    own = counted.text()
    found = series(summed([own]).decode())
    assert found.pop(REPLICAS) == 1
    assert found == series(own.decode())


async def test_what_another_one_left_there_is_bounded(server):
    async with AsyncExitStack() as stack:
        client = await replica(stack, server.url, 1)
        await until(client, lambda found: found[REPLICAS] == 1)
        from valkey.asyncio import Valkey

        async with Valkey.from_url(server.url.replace("valkey+unix", "unix")) as there:
            left = {f"left{number}": 2**40 for number in range(2 * summed_metrics.MOST_REPLICAS)}
            await there.zadd(summed_metrics.KEYS, left)
            for name in left:
                await there.set(summed_metrics.KEYS + name, Metrics().text())
            await there.set(f"{summed_metrics.KEYS}left0", b"x" * (summed_metrics.LONGEST + 1))
            found = await until(client, lambda found: found[REPLICAS] > 1)
            assert summed_metrics.MOST_REPLICAS - 1 <= found[REPLICAS] <= summed_metrics.MOST_REPLICAS + 1
