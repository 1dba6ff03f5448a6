"""Whether another machine answers: asked once for all who want to know, and told as it is."""

import asyncio

import httpx
import pytest

from forecaster.errors import BackendError
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from forecaster.serving.remote.client import RemoteBackend
from forecaster.serving.remote.state import HOLDS, RemoteState
from tests.forecaster.serving.test_fallback import Clock, Wire
from tests.support.fakes import FakeSource
from tests.support.service.v1 import HISTORY, noon, serving


@pytest.fixture
async def wire(shipped):
    backend = LocalBackend(FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon())), shipped)
    async with serving(backend) as client:
        yield Wire(client.app)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def state(wire, clock):
    return RemoteState(RemoteBackend("http://there", transport=wire), clock)


async def test_it_names_the_model_there(state, shipped):
    assert (await state.now()).loaded == shipped.ref


async def test_many_who_ask_cause_one_question_in_a_while(state, wire, clock):
    await asyncio.gather(*(state.now() for _ in range(50)))
    clock.now += HOLDS - 0.01
    await state.now()
    assert wire.sent == 1
    clock.now += 0.02
    await state.now()
    assert wire.sent == 2


async def test_its_silence_is_an_error_that_stands_for_a_while_too(state, wire, clock):
    wire.cut = True
    for _ in range(3):
        with pytest.raises(BackendError, match="could not be reached"):
            await state.now()
    assert wire.sent == 2  # one question, tried twice
    wire.cut = False
    clock.now += HOLDS
    await state.now()


async def test_nobody_waits_long_for_a_machine_that_says_nothing(state, wire):
    wire.through.clear()
    with pytest.raises(BackendError, match="timed out"):
        await state.now()


async def test_who_gives_up_leaves_the_others_their_answer(state, wire, shipped):
    wire.through.clear()
    first, second = (asyncio.create_task(state.now()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    wire.through.set()
    assert (await second).loaded == shipped.ref
    assert wire.sent == 1


@pytest.mark.parametrize(("status", "said"), [(401, "refused the API key"), (503, "has no answer just now")])
async def test_a_machine_that_refuses_is_no_better_than_a_silent_one(clock, status, said):
    transport = httpx.MockTransport(lambda request: httpx.Response(status, stream=httpx.ByteStream(b"{}")))
    with pytest.raises(BackendError, match=said):
        await RemoteState(RemoteBackend("http://there", transport=transport), clock).now()
