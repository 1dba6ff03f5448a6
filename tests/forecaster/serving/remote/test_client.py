"""A forecaster on another machine: what it says is what it would say here, and whatever it does, nothing else comes."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from forecaster.errors import BackendError, InvalidInput
from forecaster.ledger.ledger import Ledger
from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import Sent
from forecaster.serving.protocol import ForecastBackend
from forecaster.serving.remote.client import RemoteBackend
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON, FakeBackend, FakeSource
from tests.support.ledger.issued import closing, issued
from tests.support.service.v1 import ETHER, HISTORY, closes, noon, serving

URL = "http://forecaster.example:8000/"
RAW = "raw-text-of-the-server"  # stands in every faulty answer; no message of ours may repeat it


@pytest.fixture
def local(shipped, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for hour in range(5):
        ledger.record(issued(hour))
    ledger.settle("BTC-USD", "bitstamp", closing(4))
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    return LocalBackend(source, shipped, ledger=ledger, clock=noon)


@pytest.fixture
async def remote(local) -> AsyncIterator[RemoteBackend]:
    """The very backend `local`, asked through the routes of a service."""
    async with serving(local) as client:
        yield RemoteBackend(URL, transport=httpx.ASGITransport(client.app))


BTC, ETH = HISTORY[-300:], ETHER[-300:]
FEW = HISTORY[-20:]
SENT = (Sent("BTC-USD", BTC, ETH), Sent("BTC-USD", FEW), Sent("ETH-USD", closes=closes(70, ETHER)))
QUESTIONS: dict[str, Callable[[ForecastBackend], object]] = {
    "price": lambda it: it.price("BTC-USD"),
    "candles": lambda it: it.candles("BTC-USD", 30),
    "close_at": lambda it: it.close_at("BTC-USD", utc(NOON - 5 * 3600 - 1)),
    "forecast": lambda it: it.forecast("BTC-USD", 24),
    "forecast_from": lambda it: it.forecast_from("BTC-USD", BTC, 6, ETH),
    "forecast_from one symbol": lambda it: it.forecast_from("BTC-USD", BTC, 1),
    "forecast_closes": lambda it: it.forecast_closes("BTC-USD", closes(), 3),
    "forecast_closes of an hour": lambda it: it.forecast_closes("BTC-USD", closes(), 3, NOON - 3600),
    "anomalies": lambda it: it.anomalies("BTC-USD", 24, 10.0),
    "anomalies_from": lambda it: it.anomalies_from("BTC-USD", BTC, 24, 2.5, ETH),
    "evaluate": lambda it: it.evaluate("BTC-USD", closes(300)),
    "kept": lambda it: it.kept(issued(2).id),
    "kept nowhere": lambda it: it.kept("fc_nowhere"),
    "history": lambda it: it.history("BTC-USD", None, None, 3),
    "history since": lambda it: it.history(None, utc(NOON), None, 50),
    "track_record": lambda it: it.track_record("BTC-USD", 1),
    "track_record of all": lambda it: it.track_record(None, None),
    "report": lambda it: it.report(),
    "evaluation": lambda it: it.evaluation(),
    "facts": lambda it: it.facts(),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_every_answer_from_there_is_the_answer_from_here(local, remote, question):
    ask = QUESTIONS[question]
    assert await ask(remote) == await ask(local)


async def test_a_batch_from_there_is_the_batch_from_here(local, remote):
    here, there = list(await local.forecast_batch(SENT, 2)), await remote.forecast_batch(SENT, 2)
    assert [there[0], there[2]] == [here[0].forecast(), here[2].forecast()]
    assert isinstance(there[1], InvalidInput)
    assert str(there[1]) == str(here[1])


async def test_the_next_close_from_there_is_rounded_to_cents(local, remote):
    assert await remote.next_close(closes()) == round(await local.next_close(closes()), 2)


async def test_a_page_goes_on_where_the_one_before_ended(local, remote):
    cursor = (await remote.history(None, None, None, 2)).next_cursor
    assert await remote.history(None, None, cursor, 2) == await local.history(None, None, cursor, 2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.forecast_from("BTC-USD", FEW, 1),
        lambda it: it.anomalies("BTC-USD", 24, 400.0),
        lambda it: it.candles("BTC-USD", 301),
        lambda it: it.forecast("BTC-USD", 25),
        lambda it: it.history(None, None, "no cursor", 10),
    ],
)
async def test_what_is_refused_there_is_the_questions_fault(remote, ask):
    with pytest.raises(InvalidInput) as refused:
        await ask(remote)
    assert str(refused.value).endswith(".") or str(refused.value).endswith("takes.")


async def test_a_refusal_is_told_in_its_own_words(local, remote):
    with pytest.raises(InvalidInput) as there:
        await remote.forecast_from("BTC-USD", FEW, 1)
    with pytest.raises(InvalidInput) as here:
        await local.forecast_from("BTC-USD", FEW, 1)
    assert (there.value.message, there.value.remedy) == (here.value.message, here.value.remedy)


async def test_a_service_that_needs_a_key_is_sent_one(local):
    settings = Settings(rate_limit="off", api_keys=ENTRIES, require_api_key=True)
    async with serving(local, settings) as client:
        transport = httpx.ASGITransport(client.app)
        assert await RemoteBackend(URL, KEY, transport=transport).facts() == await local.facts()
        with pytest.raises(BackendError, match=r"refused the API key \(401\)"):
            await RemoteBackend(URL, transport=transport).facts()


class Service:
    """A service whose answers are scripted; the last one is given again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    def backend(self, **options) -> RemoteBackend:
        return RemoteBackend(URL, transport=httpx.MockTransport(self), **options)


async def good(hours: int = 1) -> bytes:
    return (await FakeBackend(longest=24).forecast("BTC-USD", hours)).model_dump_json().encode()


def problem(status: int, detail: object = RAW, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "detail": detail}, headers=headers)


def unlike(**changes: object) -> Callable[[dict], None]:
    return lambda forecast: forecast.update(changes)


def crossing(forecast: dict) -> None:
    forecast["horizons"][0]["quantiles"]["0.10"] *= 2


def unnamed(forecast: dict) -> None:
    forecast["horizons"][0]["quantiles"][RAW] = 1.0


FAULTS: dict[str, tuple[httpx.Response | Exception, str, int]] = {  # what comes, what is said, how often it is asked
    "refused": (httpx.ConnectError(RAW), "could not be reached", 2),
    "broken off": (httpx.ReadError(RAW), "broke off the connection", 2),
    "hung up": (httpx.RemoteProtocolError(RAW), "broke off the connection", 2),
    "slow to connect": (httpx.ConnectTimeout(RAW), "timed out", 1),
    "slow to answer": (httpx.ReadTimeout(RAW), "timed out", 1),
    "no such protocol": (httpx.UnsupportedProtocol(RAW), "could not be reached", 1),
    "502": (httpx.Response(502, text=RAW), "has no answer just now (502)", 2),
    "503": (problem(503), "has no answer just now (503)", 2),
    "503 soon": (problem(503, **{"Retry-After": "0"}), "has no answer just now (503)", 2),
    "503 for long": (problem(503, **{"Retry-After": "60"}), "has no answer just now (503)", 1),
    "504": (httpx.Response(504, text=RAW), "has no answer just now (504)", 2),
    "500": (problem(500), "answered with an error (500)", 1),
    "429": (problem(429, **{"Retry-After": "7"}), "asked to be left alone", 1),
    "401": (problem(401), "refused the API key (401)", 1),
    "403": (problem(403), "refused the API key (403)", 1),
    "404": (problem(404), "does not know what it was asked (404)", 1),
    "405": (problem(405), "answered with an error (405)", 1),
    "redirect": (httpx.Response(302, headers={"Location": f"http://{RAW}/"}), "redirected elsewhere (302)", 1),
    "html": (httpx.Response(200, html=f"<title>{RAW}</title>"), "sent something that is not an answer", 1),
    "nothing": (httpx.Response(200), "sent something that is not an answer", 1),
    "null": (httpx.Response(200, json=None), "sent something that is not an answer", 1),
    "another answer": (httpx.Response(200, json={RAW: 1}), "sent something that is not an answer", 1),
    "lists without an end": (httpx.Response(200, text="[" * 200_000), "sent something that is not an answer", 1),
    "too large": (httpx.Response(200, content=b" " * (4 * 2**20 + 1)), "sent more than 4 MB", 1),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_told_in_plain_words_and_tried_again_where_that_may_help(fault):
    answer, cause, times = FAULTS[fault]
    service = Service(answer)
    with pytest.raises(BackendError) as failed:
        await service.backend().forecast("BTC-USD", 1)
    assert failed.value.cause == cause
    assert RAW not in str(failed.value)
    assert len(service.requests) == times


@pytest.mark.parametrize(
    "change",
    [
        unlike(symbol="ETH-USD"),
        unlike(symbol="DOGE-USD"),
        unlike(horizons=[]),
        unlike(last_close="70000"),
        unlike(last_close=-1.0),
        unlike(last_close=float("nan")),
        unlike(last_close=float("inf")),
        unlike(warnings=["no such warning"]),
        unlike(as_of="yesterday"),
        unlike(more=RAW),
        crossing,
        unnamed,
    ],
)
async def test_a_forecast_that_is_none_is_not_passed_on(change):
    forecast = json.loads(await good())
    change(forecast)
    service = Service(httpx.Response(200, content=json.dumps(forecast)))
    with pytest.raises(BackendError, match="sent something that is not an answer"):
        await service.backend().forecast("BTC-USD", 1)


async def test_a_forecast_of_other_hours_is_not_passed_on():
    service = Service(httpx.Response(200, content=await good(hours=2)))
    assert len((await service.backend().forecast("BTC-USD", 2)).horizons) == 2
    with pytest.raises(BackendError):
        await service.backend().forecast("BTC-USD", 3)


async def test_an_answer_that_is_packed_is_not_unpacked():
    service = Service(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(await good())))
    with pytest.raises(BackendError, match="sent something that is not an answer"):
        await service.backend().forecast("BTC-USD", 1)
    assert service.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("answer", [problem(422, ["words"]), httpx.Response(422, text=RAW), problem(422, "\x1b[2J\n")])
async def test_a_refusal_that_says_nothing_sensible_is_told_in_ours(answer):
    with pytest.raises(InvalidInput) as refused:
        await Service(answer).backend().forecast("BTC-USD", 1)
    assert RAW not in str(refused.value)
    assert str(refused.value).isprintable()


async def test_a_second_try_may_succeed():
    service = Service(problem(503, **{"Retry-After": "0"}), httpx.Response(200, content=await good()))
    assert (await service.backend().forecast("BTC-USD", 1)).id == "fc_test"


async def test_how_long_to_stay_away_is_kept():
    with pytest.raises(BackendError) as failed:
        await Service(problem(429, **{"Retry-After": "7"})).backend().forecast("BTC-USD", 1)
    assert failed.value.retry_after == 7


class Hanging(httpx.AsyncBaseTransport):
    """Never answers, or never ends its answer."""

    def __init__(self, stream: bool) -> None:
        self.stream = stream

    async def handle_async_request(self, request):
        if not self.stream:
            await asyncio.Event().wait()

        async def endless():
            while True:
                yield b" "
                await asyncio.sleep(0.001)

        class Stream(httpx.AsyncByteStream):
            def __aiter__(self):
                return endless()

        return httpx.Response(200, stream=Stream())


@pytest.mark.parametrize("stream", [False, True], ids=["no answer", "an answer without an end"])
async def test_a_whole_call_ends_in_time(stream):
    backend = RemoteBackend(URL, within=0.05, transport=Hanging(stream))
    with pytest.raises(BackendError, match="timed out"):
        await backend.forecast("BTC-USD", 1)


async def test_two_tries_share_the_time_of_one_call():
    service = Service(problem(503, **{"Retry-After": "2"}))
    with pytest.raises(BackendError, match="timed out"):
        await service.backend(within=0.05).forecast("BTC-USD", 1)
    assert len(service.requests) == 1


async def test_a_url_that_is_none_is_an_error_like_any_other():
    with pytest.raises(BackendError, match="could not be reached"):
        await RemoteBackend("no url").facts()


async def test_an_id_cannot_lead_to_another_address():
    service = Service(problem(404))
    assert await service.backend().kept("../model?x=1#y") is None
    assert service.requests[0].url.raw_path == b"/v1/forecasts/..%2Fmodel%3Fx%3D1%23y"


async def test_more_candles_than_a_question_may_bring_are_cut_to_the_newest():
    service = Service(problem(503, **{"Retry-After": "60"}))
    with pytest.raises(BackendError):
        await service.backend().forecast_from("BTC-USD", market(1_200), 1)
    sent = json.loads(service.requests[0].content)["candles"]
    assert len(sent) == 1000
    assert sent[-1]["open_time"] == NOON - 3600


@asynccontextmanager
async def listening(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]):
    """A server on this machine that answers each connection once, as it is told; gives its address."""

    async def talk(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def packet(body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


async def test_nobody_at_the_address_is_told_at_once():
    async with listening(lambda reader, writer: asyncio.sleep(0)) as address:
        pass
    backend = RemoteBackend(address)
    with pytest.raises(BackendError, match="could not be reached"):
        await backend.forecast("BTC-USD", 1)
    await backend.close()


async def test_a_server_that_hangs_up_between_two_questions_answers_both():
    body = packet(await good())

    async def whole(reader, writer):
        writer.write(body)
        await writer.drain()

    async with listening(whole) as address:
        backend = RemoteBackend(address)
        for _ in range(3):
            assert (await backend.forecast("BTC-USD", 1)).id == "fc_test"
        await backend.close()


async def test_an_answer_that_breaks_off_is_no_answer():
    body = packet(await good(), length=1_000_000)

    async def part(reader, writer):
        writer.write(body)
        await writer.drain()

    async with listening(part) as address:
        backend = RemoteBackend(address)
        with pytest.raises(BackendError, match="broke off the connection"):
            await backend.forecast("BTC-USD", 1)
        await backend.close()


async def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for():
    async def drip(reader, writer):
        for byte in packet(b" " * 10_000):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with listening(drip) as address:
        backend = RemoteBackend(address, within=0.2)
        with pytest.raises(BackendError, match="timed out"):
            await backend.forecast("BTC-USD", 1)
        await backend.close()
