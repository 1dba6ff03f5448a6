"""Another machine first, this one while it is silent: answers say which, and a silent one is not asked every time."""

import asyncio
from operator import methodcaller

import httpx
import pytest

from forecaster.errors import BackendError, InvalidInput, NoCandles
from forecaster.ledger.ledger import Ledger
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import Sent
from forecaster.serving.fallback import LONGEST_REST, REST, FallbackBackend
from forecaster.serving.remote.client import RemoteBackend
from tests.support.fakes import NOON, FakeSource
from tests.support.ledger.issued import alike, issued
from tests.support.service.v1 import ETHER, HISTORY, closes, noon, serving

NOTE = "the forecaster on another machine could not be reached, so this machine answered"
BTC, ETH = HISTORY[-300:], ETHER[-300:]


class Wire(httpx.AsyncBaseTransport):
    """The way to another service, which may be cut, or hold what is sent over it."""

    def __init__(self, app) -> None:
        self._to = httpx.ASGITransport(app)
        self.cut = False
        self.through = asyncio.Event()
        self.through.set()
        self.sent = 0

    async def handle_async_request(self, request):
        self.sent += 1
        await self.through.wait()
        if self.cut:
            raise httpx.ConnectError("cut")
        return await self._to.handle_async_request(request)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def backend_of(predictor, tmp_path, name):
    source = FakeSource(Snapshot("BTC-USD", name, "USD", HISTORY, noon()))
    return LocalBackend(source, predictor, ledger=Ledger(f"sqlite:///{tmp_path / name}.db"), clock=noon)


@pytest.fixture
def local(shipped, tmp_path):
    return backend_of(shipped, tmp_path, "here")


@pytest.fixture
async def there(shipped, tmp_path):
    return backend_of(shipped, tmp_path, "there")


@pytest.fixture
async def wire(there):
    async with serving(there) as client:
        yield Wire(client.app)


@pytest.fixture
async def both(wire, local, clock):
    return FallbackBackend(RemoteBackend("http://there", transport=wire), local, clock)


async def test_the_other_machine_answers_as_long_as_it_can(both):
    forecast = await both.forecast("BTC-USD", 3)
    assert (forecast.source, forecast.warnings) == ("there", (ForecastWarning.HOURLY,))


FLAGGED = {
    "price": lambda it: it.price("BTC-USD"),
    "candles": lambda it: it.candles("BTC-USD", 30),
    "forecast": lambda it: it.forecast("BTC-USD", 24),
    "forecast_from": lambda it: it.forecast_from("BTC-USD", BTC, 6, ETH),
    "forecast_closes": lambda it: it.forecast_closes("BTC-USD", closes(), 3),
    "anomalies": lambda it: it.anomalies("BTC-USD", 24, 10.0),
    "anomalies_from": lambda it: it.anomalies_from("BTC-USD", BTC, 24, 2.5, ETH),
}


@pytest.mark.parametrize("question", FLAGGED)
async def test_this_machine_answers_while_the_other_is_silent_and_says_so(both, wire, local, question):
    wire.cut = True
    own = await FLAGGED[question](local)
    told = await FLAGGED[question](both)
    assert told.warnings == (*own.warnings, ForecastWarning.BACKEND_FALLBACK)
    assert told.notes == (*own.notes, NOTE)
    assert told.model_copy(update={"warnings": own.warnings, "notes": own.notes}) == own


async def test_each_forecast_of_a_batch_says_so(both, wire):
    wire.cut = True
    told, refused = await both.forecast_batch([Sent("BTC-USD", BTC), Sent("BTC-USD", BTC[-10:])], 1)
    assert told.forecast().notes[-1] == NOTE
    assert told.forecast().warnings[-1] == ForecastWarning.BACKEND_FALLBACK
    assert isinstance(refused, InvalidInput)


async def test_an_evaluation_says_so(both, wire):
    wire.cut = True
    assert (await both.evaluate("BTC-USD", closes(130))).notes[-1] == NOTE


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.report(),
        lambda it: it.evaluation(),
        lambda it: it.history(None, None, None, 10),
        lambda it: it.track_record(None, None),
    ],
)
async def test_records_come_from_here_too(both, wire, local, ask):
    wire.cut = True
    assert await ask(both) == await ask(local)


async def test_the_facts_tell_that_such_a_warning_may_come(both, wire):
    for wire.cut in (False, True):
        assert ForecastWarning.BACKEND_FALLBACK in (await both.facts()).warnings


async def test_the_next_close_comes_from_either(both, wire, local):
    own = await local.next_close(closes())
    assert await both.next_close(closes()) == round(own, 2)
    wire.cut = True
    assert await both.next_close(closes()) == own


async def test_a_silent_machine_is_left_alone_and_then_tried_again(both, wire, clock):
    wire.cut = True
    for _ in range(5):
        assert (await both.price("BTC-USD")).source == "here"
    assert wire.sent == 2  # one question, tried twice
    clock.now += REST
    wire.cut = False
    assert (await both.price("BTC-USD")).source == "there"
    assert (await both.price("BTC-USD")).warnings == ()


async def test_each_of_those_who_ask_at_once_is_told_why(both, wire, clock):
    wire.cut = True
    await both.price("BTC-USD")
    clock.now += REST
    wire.through.clear()
    trying = [asyncio.create_task(both.price("BTC-USD"))]
    while wire.sent < 3:
        await asyncio.sleep(0)
    trying.append(asyncio.create_task(both.price("BTC-USD")))
    await asyncio.sleep(0)
    wire.through.set()
    assert [(await each).notes[-1] for each in trying] == [NOTE, NOTE]


async def test_the_longer_it_is_silent_the_longer_it_is_left_alone(both, wire, clock):
    wire.cut = True
    for rest in (REST, 2 * REST, 4 * REST, 8 * REST, LONGEST_REST, LONGEST_REST):
        await both.price("BTC-USD")
        sent = wire.sent
        clock.now += rest - 0.01
        await both.price("BTC-USD")
        assert wire.sent == sent
        clock.now += 0.02
    wire.cut = False
    await both.price("BTC-USD")
    wire.cut = True
    await both.price("BTC-USD")
    clock.now += REST
    sent = wire.sent
    await both.price("BTC-USD")
    assert wire.sent > sent


async def test_questions_asked_together_count_as_one_failure(both, wire, clock):
    wire.cut = True
    answers = await asyncio.gather(*(both.price("BTC-USD") for _ in range(10)))
    assert {answer.source for answer in answers} == {"here"}
    clock.now += REST
    wire.cut = False
    assert (await both.price("BTC-USD")).source == "there"


async def test_one_question_tries_again_and_the_others_do_not_wait_for_it(both, wire, clock):
    wire.cut = True
    await both.price("BTC-USD")
    clock.now += REST
    wire.cut = False
    wire.through.clear()
    trying = asyncio.create_task(both.price("BTC-USD"))
    while wire.sent < 3:
        await asyncio.sleep(0)
    assert (await both.price("BTC-USD")).source == "here"
    wire.through.set()
    assert (await trying).source == "there"


async def test_a_question_that_is_given_up_leaves_the_next_one_to_try(both, wire, clock):
    wire.cut = True
    await both.price("BTC-USD")
    clock.now += REST
    wire.cut = False
    wire.through.clear()
    trying = asyncio.create_task(both.price("BTC-USD"))
    while wire.sent < 3:
        await asyncio.sleep(0)
    trying.cancel()
    wire.through.set()
    with pytest.raises(asyncio.CancelledError):
        await trying
    assert (await both.price("BTC-USD")).source == "there"


async def test_a_question_that_the_other_machine_refuses_is_not_asked_again_here(both, wire, local):
    with pytest.raises(InvalidInput):
        await both.forecast_from("BTC-USD", BTC[-10:], 1)
    assert (await both.price("BTC-USD")).source == "there"


class Empty(FakeSource):
    async def latest(self, symbol, hours):
        raise NoCandles(symbol, ())


async def test_what_neither_can_answer_is_this_machines_error(wire, shipped, clock):
    snapshot = Snapshot("BTC-USD", "here", "USD", HISTORY, noon())
    both = FallbackBackend(RemoteBackend("http://there", transport=wire), LocalBackend(Empty(snapshot), shipped), clock)
    wire.cut = True
    with pytest.raises(NoCandles):
        await both.forecast("BTC-USD", 1)


async def test_a_forecast_that_was_kept_on_either_is_found(both, wire, local, there):
    for backend, hour in ((local, 1), (there, 2)):
        await backend._model.read(methodcaller("record", issued(hour)))
    for hour in (1, 2):
        found = await both.kept(issued(hour).id)
        assert found is not None
        assert alike(found.forecast, issued(hour))
    assert await both.kept("fc_nowhere") is None
    wire.cut = True
    assert await both.kept(issued(2).id) is None


async def test_where_nothing_is_kept_here_nothing_is_found_here(wire, shipped, clock):
    snapshot = Snapshot("BTC-USD", "here", "USD", HISTORY, noon())
    local = LocalBackend(FakeSource(snapshot), shipped)
    both = FallbackBackend(RemoteBackend("http://there", transport=wire), local, clock)
    assert await both.kept("fc_nowhere") is None


async def test_it_is_logged_once_that_it_is_silent_and_once_that_it_is_back(both, wire, clock, caplog):
    wire.cut = True
    for _ in range(3):
        await both.price("BTC-USD")
        clock.now += LONGEST_REST
    wire.cut = False
    await both.price("BTC-USD")
    await both.price("BTC-USD")
    said = [record.getMessage() for record in caplog.records if record.name == "forecaster.serving.fallback"]
    assert len(said) == 2
    assert "could not be reached" in said[0]
    assert "answers again" in said[1]


class Noted:
    """An Observer that notes what it is told."""

    def __init__(self) -> None:
        self.models: list[str] = []
        self.forecasts: list[str] = []
        self.candles: dict[str, float] = {}

    def forecast_issued(self, symbol):
        self.forecasts.append(symbol)

    def serves(self, name, version, sha256):
        self.models.append(sha256)

    def candle_seen(self, symbol, age):
        self.candles[symbol] = age

    def drifted(self, drifts):
        pass

    def database_works(self, works):
        pass


async def test_an_observer_is_told_whose_model_answers(wire, classic, shipped, clock):
    noted = Noted()
    source = FakeSource(Snapshot("BTC-USD", "here", "USD", HISTORY, noon()))
    local = LocalBackend(source, classic, observer=noted)
    both = FallbackBackend(RemoteBackend("http://there", transport=wire, observer=noted), local, clock, noted)
    for wire.cut, model in ((False, shipped), (True, classic), (False, shipped)):
        await both.forecast("BTC-USD", 1)
        assert noted.models[-1] == model.ref.sha256
        clock.now += LONGEST_REST
    assert noted.forecasts == ["BTC-USD"] * 3
    assert noted.candles == {"BTC-USD": noon() - NOON}


@pytest.mark.parametrize("question", ["price", "candles", "anomalies"])
async def test_an_observer_is_told_of_candles_on_the_other_machine(wire, question):
    noted = Noted()
    remote = RemoteBackend("http://there", transport=wire, observer=noted)
    await FLAGGED[question](remote)
    assert (noted.candles, noted.forecasts) == ({"BTC-USD": noon() - NOON}, [])
    await FLAGGED["forecast_closes"](remote)
    told, _ = await remote.forecast_batch([Sent("BTC-USD", BTC), Sent("BTC-USD", BTC[-10:])], 1)
    assert noted.forecasts == ["BTC-USD"] * 2
    assert noted.models == [told.model.sha256] * 2


async def test_closing_closes_both(wire, shipped):
    source = FakeSource(Snapshot("BTC-USD", "here", "USD", HISTORY, noon()))
    remote = RemoteBackend("http://there", transport=wire)
    await FallbackBackend(remote, LocalBackend(source, shipped)).close()
    assert source.closed
    with pytest.raises((BackendError, RuntimeError)):
        await remote.price("BTC-USD")
