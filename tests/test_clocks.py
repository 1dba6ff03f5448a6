"""An exchange whose clock is hours off ours: every time in an answer is the exchange's, and the answer says so."""

import json
import re
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

import app
from assistant.agent import Token, ToolFinished, ToolStarted, build_agent, run_turn
from assistant.offline_model import OfflineModel
from forecaster.market.candles import utc
from forecaster.market.exchanges.base import open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.schema import FIVE_MINUTES, HOUR, Forecast, ForecastWarning
from forecaster.serving.backend import LocalBackend
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.exchanges.outages import service
from tests.support.fakes import NOON, candles_ending
from tests.support.knowledge import KNOWLEDGE
from tests.support.unhurried import unhurried
from tools.registry import bind_tools

pytestmark = pytest.mark.unhurried
OURS = NOON + 240.0  # what our clock shows
SKEWS = {"5 hours ahead": 5 * HOUR, "5 hours behind": -5 * HOUR, "30 minutes ahead": 1800, "alike": 0}
TOLD = {
    "5 hours ahead": "this machine's clock is 5 hours behind that of bitstamp",
    "5 hours behind": "this machine's clock is 5 hours ahead of that of bitstamp",
    "30 minutes ahead": "this machine's clock is 30 minutes behind that of bitstamp",
}
QUESTIONS = {  # and the hour of the day (UTC) that they name
    "what's BTC at 18:00?": 18,
    "where will BTC be at 9 am?": 9,
    "will BTC be above 70000 by midnight?": 0,
    "wie steht BTC um 15 Uhr?": 15,
    "¿cómo estará BTC a las 20:00?": 20,
}


@pytest.fixture(params=SKEWS)
def skewed(request):
    """Exchanges whose clock differs, and how."""
    now = OURS + SKEWS[request.param]
    with FakeExchanges(candles_ending(int(now) // HOUR * HOUR), now=now) as fake:
        yield fake, request.param


def newest_close(fake):
    return int(fake.now) // HOUR * HOUR


def newest_mark(fake):
    return int(fake.now) // FIVE_MINUTES * FIVE_MINUTES


def next_at(hour, fake):
    """When the exchange's clock next shows that hour of the day."""
    start = utc(fake.now).replace(hour=hour, minute=0, second=0, microsecond=0)
    return start if start > utc(fake.now) else start + timedelta(days=1)


def assert_told(warnings, notes, how):
    """Whether the clocks are said to differ is whether they do."""
    assert (ForecastWarning.CLOCK_SKEW in warnings) == (how in TOLD)
    assert TOLD.get(how, "") in "; ".join(notes)


@asynccontextmanager
async def assistant(fake, predictor):
    """The built-in assistant on those exchanges."""
    client = open_client()
    source = LiveSource([EXCHANGES["bitstamp"](client, fake.urls["bitstamp"])], clock=lambda: OURS, budget=AMPLE)
    backend = LocalBackend(source, predictor, clock=source.now)
    try:
        yield build_agent(OfflineModel(clock=lambda: OURS), bind_tools(backend, KNOWLEDGE))
    finally:
        await backend.close()


async def turn(agent, question):
    events = [event async for event in run_turn(agent, [{"role": "user", "content": question}])]
    text = "".join(event.text for event in events if isinstance(event, Token))
    asked = [event for event in events if isinstance(event, ToolStarted)]
    return text, asked, [event.data for event in events if isinstance(event, ToolFinished)]


async def test_a_time_of_day_is_that_of_the_exchange_and_no_sentence_mixes_two_clocks(skewed, shipped):
    fake, how = skewed
    async with assistant(fake, shipped) as agent:
        for question, hour in QUESTIONS.items():
            text, asked, [answer] = await turn(agent, question)
            issued, target = answer.forecast, next_at(hour, fake)
            assert [each.name for each in asked] == ["forecast"], question
            assert issued.as_of == utc(newest_mark(fake))
            assert issued.horizons[-1].target_time == target, question
            assert issued.as_of + timedelta(minutes=issued.horizons[-1].minutes) == target
            clocks = set(re.findall(r"\d\d:\d\d", text))
            told = {f"{target:%H:%M}", f"{issued.price_time:%H:%M}"}
            assert told <= clocks <= told | {f"{issued.as_of:%H:%M}"}, text
            assert_told(issued.warnings, issued.notes, how)


async def test_the_answer_says_in_every_language_that_the_clocks_differ_and_its_notes_by_how_much(skewed, shipped):
    fake, how = skewed
    async with assistant(fake, shipped) as agent:
        english, _, [answer] = await turn(agent, "what's BTC at 18:00?")
        german, *_ = await turn(agent, "wie steht BTC um 18 Uhr?")
    assert_told(answer.forecast.warnings, answer.forecast.notes, how)
    assert ("The clocks of the exchange and of the machine that answers differ" in english) == (how in TOLD)
    assert ("Die Uhren der Börse und des antwortenden Rechners gehen verschieden" in german) == (how in TOLD)


async def test_hours_of_the_past_are_counted_by_the_exchange_too(skewed, shipped):
    fake, how = skewed
    async with assistant(fake, shipped) as agent:
        _, [asked], [span] = await turn(agent, "how did BTC do since 6 am?")
    begun = utc(fake.now).replace(hour=6, minute=0, second=0, microsecond=0)
    begun -= timedelta(days=1) if begun > utc(fake.now) else timedelta()
    assert asked.name == "get_candles"
    assert span.start == begun
    assert_told(span.span.warnings, span.span.notes, how)


async def test_a_question_without_a_time_of_day_asks_nobody_for_the_time(shipped):
    with FakeExchanges(candles_ending(), now=OURS) as fake:
        async with assistant(fake, shipped) as agent:
            await turn(agent, "hello")
            await turn(agent, "how does the model work?")
        assert fake.calls.total() == 0


async def test_candles_that_are_late_are_forecast_from_to_the_hour_that_was_asked_for(shipped):
    with FakeExchanges(candles_ending(NOON - HOUR), now=OURS) as fake:  # the hour until noon is missing
        async with assistant(fake, shipped) as agent:
            text, _, [answer] = await turn(agent, "what's BTC at 18:00?")
    assert answer.forecast.horizons[-1].hours == 7
    assert f"{answer.forecast.horizons[-1].target_time:%H:%M}" == "18:00"
    assert set(re.findall(r"\d\d:\d\d", text)) == {"18:00", "11:00"}


async def test_rest_tells_every_time_by_the_exchange_and_that_its_clock_differs(skewed, shipped):
    fake, how = skewed
    async with service(fake, shipped, ("bitstamp",), clock=lambda: OURS) as client:
        price = (await client.get("/v1/price", params={"symbol": "BTC-USD"})).json()
        live = Forecast.model_validate(
            (await client.post("/v1/forecast", json={"symbol": "BTC-USD", "hours": 3})).json()
        )
        closes = candles_ending().close[-60:].tolist()
        sent = (await client.post("/v1/forecast", json={"symbol": "BTC-USD", "closes": closes})).json()
    newest = utc(newest_close(fake))
    mark = utc(newest_mark(fake))
    assert live.as_of == mark
    assert [each.target_time for each in live.horizons] == [mark + timedelta(hours=hours) for hours in (1, 2, 3)]
    assert price["age_seconds"] == int(fake.now) % HOUR and live.age_seconds == int(fake.now) % FIVE_MINUTES
    assert ForecastWarning.STALE_CANDLES not in live.warnings
    assert_told(live.warnings, live.notes, how)
    assert_told(price["warnings"], price["notes"], how)
    assert sent["as_of"].startswith(f"{newest:%Y-%m-%dT%H:%M}")  # the newest full hour is the exchange's


@pytest.mark.parametrize("stopped", [0, 1, 2, 3])
async def test_age_is_judged_by_the_exchange_alone(skewed, shipped, stopped):
    fake, how = skewed
    fake.candles = fake.candles.closed_at(newest_close(fake) - stopped * HOUR)
    async with service(fake, shipped, ("bitstamp",), clock=lambda: OURS) as client:
        answer = await client.get("/v1/price", params={"symbol": "BTC-USD"})
    assert answer.status_code == (200 if stopped < 2 else 503)
    if stopped < 2:
        assert (ForecastWarning.STALE_CANDLES in answer.json()["warnings"]) == (stopped > 0)
        assert_told(answer.json()["warnings"], answer.json()["notes"], how)


@pytest.mark.parametrize("hours", [5, -5])
def test_ask_answers_by_the_clock_of_the_exchange(hours, monkeypatch, capsys):
    now = (time.time() + hours * HOUR) // HOUR * HOUR + 1800  # half past, so that no hour ends meanwhile
    with unhurried(), FakeExchanges(candles_ending(int(now) // HOUR * HOUR), now=now) as fake:
        for name, value in fake.settings_env().items():
            monkeypatch.setenv(name, value)
        target = next_at(18, fake)
        assert app.main(["ask", "--source", "live", "--json", "what's BTC at 18:00?"]) == 0
    told = json.loads(capsys.readouterr().out)
    issued = Forecast.model_validate(told["forecast"])
    assert issued.horizons[-1].target_time == target
    assert set(re.findall(r"\d\d:\d\d", told["answer"])) == {"18:00", f"{issued.as_of:%H:%M}"}
    assert "The clocks of the exchange and of the machine that answers differ" in told["answer"]
    assert re.search(r"his machine's clock is \d hours (behind|ahead of) that of bitstamp", " ".join(issued.notes))
