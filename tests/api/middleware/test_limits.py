"""Rate limits: how they count, what they tell, whom they count as one, and that counting takes bounded memory."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import storage_from_string

from api.app import create_app
from api.middleware.clients import NOBODY, anonymised, counted
from api.middleware.limits import Counters, Limiter
from api.routes.predict import EXAMPLE_PRICES
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings
from tests.support.fakes import Clock
from tests.support.service.serving import Chat, LastClose, assert_problem, client_from, served, settled

PREDICTION = {"prices": EXAMPLE_PRICES}


def limiter(notation, clock):
    return Limiter("ip", notation, "RATE_LIMIT", clock)


# ------------------------------------------------------------------ counting


async def test_a_window_begins_with_the_first_request_and_the_next_one_after_it_ends():
    clock = Clock(1000.0)
    limit = limiter("2/minute", clock)
    assert [(await limit.hit("a")).passes for _ in range(4)] == [True, True, False, False]
    clock.now += 59.5
    assert await limit.hit("a") == (False, 1, b'"ip-60";r=0;t=1')
    clock.now += 0.5
    assert await limit.hit("a") == (True, 60, b'"ip-60";r=1;t=60')


async def test_clients_are_counted_apart():
    limit = limiter("1/minute", Clock(1000.0))
    assert [(await limit.hit(client)).passes for client in "abab"] == [True, True, False, False]


async def test_of_several_limits_the_one_that_leaves_least_is_told():
    clock = Clock(1000.0)
    limit = limiter("3/second; 5/hour", clock)
    assert limit.policy == b'"ip-1";q=3;w=1, "ip-3600";q=5;w=3600'
    assert [(await limit.hit("a")).header for _ in range(3)] == [b'"ip-1";r=%d;t=1' % left for left in (2, 1, 0)]
    assert await limit.hit("a") == (False, 1, b'"ip-1";r=0;t=1')
    clock.now += 1
    assert await limit.hit("a") == (True, 3599, b'"ip-3600";r=1;t=3599')
    assert await limit.hit("a") == (True, 3599, b'"ip-3600";r=0;t=3599')
    assert await limit.hit("a") == (False, 3599, b'"ip-3600";r=0;t=3599')


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 25)), max_size=60),
    st.integers(1, 4),
)
async def test_it_counts_as_a_naive_counter_does(requests, amount):
    clock = Clock(1000.0)
    limit = limiter(f"{amount}/minute", clock)
    windows = {}  # client -> (began, requests)
    for client, later in requests:
        clock.now += later
        began, hits = windows.get(client, (-math.inf, 0))
        if clock.now - began >= 60:
            began, hits = clock.now, 0
        windows[client] = (began, hits + 1)
        assert (await limit.hit(client)).passes == (hits < amount)


async def test_a_flood_of_addresses_takes_bounded_memory():
    clock = Clock(1000.0)
    counters = Counters(most=100, clock=clock)
    for number in range(5000):
        clock.now += 0.001
        await counters.incr(f"10.0.{number // 256}.{number % 256}", 60)
        assert len(counters) <= 100
    assert await counters.get("10.0.19.135") == 1
    assert await counters.get("10.0.0.0") == 0


async def test_what_is_over_is_forgotten_and_what_runs_is_kept():
    clock = Clock(1000.0)
    counters = Counters(clock=clock)
    for second in range(100):
        clock.now = 1000.0 + second
        await counters.incr(str(second), 60)
    assert len(counters) == 60
    assert [await counters.get(str(second)) for second in (39, 40, 99)] == [0, 1, 1]
    assert await counters.get_expiry("99") == 1159.0
    assert await counters.get_expiry("39") == clock.now
    await counters.clear("99")
    assert await counters.get("99") == 0
    assert await counters.check()
    assert await counters.reset() == 59
    assert len(counters) == 0


async def test_what_counts_can_be_chosen_by_address_and_shared_by_several_limits():
    shared = storage_from_string("async+counters://")
    first, second = (Limiter(name, "1/minute", "RATE_LIMIT", storage=lambda: shared) for name in ("ip", "key"))
    assert [(await each.hit("a")).passes for each in (first, second, first, second)] == [True, True, False, False]


@pytest.mark.parametrize("notation", ["", "many", "0/minute", "120", "120/fortnight", "-1/second", "1/minute; many"])
def test_what_is_not_a_rate_limit_is_refused_at_the_start(notation):
    for name in ("rate_limit", "key_rate_limit", "chat_rate_limit"):
        with pytest.raises(ConfigurationError, match=f"CRYPTOSENSE_{name.upper()} is not a rate limit"):
            create_app(LastClose, Settings(**{name: notation}))


# ------------------------------------------------------------------ whom it counts as one


@pytest.mark.parametrize(
    ("host", "one", "short"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("::1", "::/64", "::/48"),
        ("spoofed\nname", NOBODY, NOBODY),
        ("", NOBODY, NOBODY),
    ],
)
def test_an_address_is_counted_whole_and_logged_short(host, one, short):
    assert (counted(host), anonymised(host)) == (one, short)


async def test_who_asks_too_often_is_told_when_to_come_back():
    async with served(settings=Settings(rate_limit="3/minute")) as client:
        await settled(client)
        answers = [await client.post("/predict", json=PREDICTION) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"ip-60";q=3;w=60'}
        assert [answer.headers["ratelimit"][:11] for answer in answers] == [
            f'"ip-60";r={left}' for left in (2, 1, 0, 0)
        ]
        problem = assert_problem(answers[-1], 429)
        seconds = answers[-1].headers["retry-after"]
        assert 1 <= int(seconds) <= 60
        assert f"in {seconds} second" in problem["detail"]
        assert answers[-1].headers["x-content-type-options"] == "nosniff"
        assert answers[-1].headers["x-request-id"]


async def test_who_waits_as_long_as_told_passes_again():
    async with served(settings=Settings(rate_limit="1/second")) as client:
        await settled(client)
        while (answer := await client.post("/predict", json=PREDICTION)).status_code == 200:
            pass
        await asyncio.sleep(int(answer.headers["retry-after"]))
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200


async def test_other_addresses_are_not_held_up_and_a_network_of_ipv6_is_one():
    async with served(settings=Settings(rate_limit="1/minute")) as client:
        statuses = {}
        for address in ("203.0.113.1", "203.0.113.2", "203.0.113.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
            async with client_from(client.app, address) as other:
                statuses.setdefault(address, []).append((await other.get("/v1/nothing")).status_code)
        assert statuses == {
            "203.0.113.1": [404, 429],
            "203.0.113.2": [404],
            "2001:db8::1": [404],
            "2001:db8::2": [429],
            "2001:db8:0:1::1": [404],
        }


async def test_health_metrics_and_documentation_are_not_counted():
    async with served(settings=Settings(rate_limit="1/hour")) as client:
        await settled(client)
        await client.post("/predict", json=PREDICTION)
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/docs/static/swagger-ui.css", "/"):
            for _ in range(3):
                answer = await client.get(path)
                assert answer.status_code in (200, 307), path
                assert "ratelimit" not in answer.headers
        assert (await client.post("/predict", json=PREDICTION)).status_code == 429


@pytest.mark.parametrize("path", ["/predict", "/predict/", "/predict?x=1", "/%70redict", "/v1/nothing", "/v1"])
async def test_no_spelling_of_an_address_of_the_api_escapes_the_count(path):
    async with served(settings=Settings(rate_limit="1/hour")) as client:
        await client.get(path)
        assert (await client.get("/predict")).status_code == 429


async def test_a_refused_request_is_not_read():
    sent = []

    async def body():
        for _ in range(1000):
            sent.append(1)
            yield b" " * 1000

    async with served(settings=Settings(rate_limit="1/hour")) as client:
        await client.get("/predict")
        assert_problem(await client.post("/predict", content=body()), 429)
    assert sent == []


async def test_what_the_chat_posts_is_counted_apart_and_what_it_shows_is_not():
    settings = Settings(rate_limit="1/hour", chat_rate_limit="2/hour")
    async with served(settings=settings, chat=Chat) as client:
        await settled(client)
        for _ in range(5):
            assert (await client.get("/gradio_api/x")).status_code == 200
        posted = [await client.post("/gradio_api/x") for _ in range(3)]
        assert [answer.status_code for answer in posted] == [405, 405, 429]
        assert_problem(posted[-1], 429)
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200
        assert (await client.post("/predict", json=PREDICTION)).status_code == 429


async def test_off_counts_nothing():
    async with served(settings=Settings(rate_limit="off")) as client:
        answers = [await client.get("/v1/nothing") for _ in range(200)]
    assert {answer.status_code for answer in answers} == {404}
    assert "ratelimit" not in answers[0].headers


@pytest.mark.parametrize("proxy", ["proxy.example", "10.0.0.1/8", "*", "300.1.1.1"])
def test_what_is_not_a_proxys_address_is_refused_by_name(monkeypatch, proxy):
    monkeypatch.setenv("CRYPTOSENSE_TRUSTED_PROXIES", proxy)
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_TRUSTED_PROXIES"):
        Settings.load()
