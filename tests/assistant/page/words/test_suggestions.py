"""What the page suggests is asked in the visitor's language, fits the answer, and is read as what it means."""

from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import BaseModel

from assistant.events import Event, Token, ToolFinished
from assistant.knowledge import Library
from assistant.page.visitor import Visitor
from assistant.page.words import Heard, Words, suggestions_for
from assistant.page.words.suggestions import MOST_HEARD
from assistant.understanding import Ask, Intent, IntentClassifier, Language, Question, read_question
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tests.support.ledger.issued import issued
from tests.support.ledger.settled import kept
from tools.forecast import ForecastAnswer
from tools.registry import bind_tools

COINS = ("BTC-USD", "ETH-USD", "DOGE-USD")
HOW_SURE = ("accuracy", "record", "calibration")  # of the knowledge


@pytest.fixture(scope="module")
def read():
    classifier, knowledge = IntentClassifier.load(), Library.load()

    def question(*said: str) -> Question:
        return read_question(said, classifier, topics=knowledge.topic_of)

    return question


async def result(name: str, **arguments: object) -> BaseModel:
    backend = FakeBackend()
    backend.kept = (kept(issued(-2), 70_000.0),)
    tools = {bound.tool.name: bound for bound in bind_tools(backend, KNOWLEDGE)}
    data = (await tools[name].call(arguments)).data
    assert data is not None
    return data


def of_record(ask: Ask) -> bool:
    return ask.intent is Intent.METRICS or (ask.intent is Intent.EXPLAIN and ask.topic in HOW_SURE)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("symbol", COINS)
def test_what_is_suggested_at_first_is_read_right(read, language, symbol):
    forecast, good, unusual, calls = (read(text) for text in suggestions_for(Words(Visitor("UTC", language)), symbol))
    assert all(len(each.asks) == 1 and each.language is language for each in (forecast, good, unusual, calls))
    assert (forecast.asks[0].intent, forecast.asks[0].symbols, forecast.asks[0].hours) == (
        Intent.FORECAST,
        (symbol,),
        1,
    )
    assert of_record(good.asks[0])
    assert (unusual.asks[0].intent, unusual.asks[0].symbols) == (Intent.ANOMALIES, (symbol,))
    assert (calls.asks[0].intent, calls.asks[0].symbols) == (Intent.TRACK_RECORD, (symbol,))


def follows(language: Language, results: Sequence[BaseModel]) -> tuple[str, ...]:
    return suggestions_for(Words(Visitor("UTC", language)), "BTC-USD", ("BTC-USD", "ETH-USD"), results)


@pytest.mark.parametrize("language", Language)
async def test_what_follows_a_forecast_is_read_right_after_it(read, language):
    asked = Words(Visitor("UTC", language)).say("suggestions.forecast", coin="BTC")
    later, sure, same, calls = follows(language, [await result("forecast", symbol="BTC-USD", hours=1)])
    (ask,) = read(asked, later).asks
    assert (ask.intent, ask.symbols, ask.hours) == (Intent.FORECAST, ("BTC-USD",), 4)
    (ask,) = read(asked, sure).asks
    assert of_record(ask)
    (ask,) = read(asked, same).asks
    assert (ask.intent, ask.symbols, ask.hours) == (Intent.FORECAST, ("ETH-USD",), 1)
    (ask,) = read(asked, calls).asks
    assert (ask.intent, ask.symbols) == (Intent.TRACK_RECORD, ("BTC-USD",))


@pytest.mark.parametrize("language", Language)
async def test_what_follows_prices_moves_and_the_record_is_read_right_after_them(read, language):
    words = Words(Visitor("UTC", language))
    cases = (
        ("price", Intent.PRICE, await result("get_price", symbol="BTC-USD"), Intent.FORECAST),
        ("unusual", Intent.ANOMALIES, await result("detect_anomalies", symbol="BTC-USD"), Intent.FORECAST),
        ("calls", Intent.TRACK_RECORD, await result("track_record", symbol="BTC-USD"), Intent.FORECAST),
    )
    for name, intent, told, forecast in cases:
        asked = words.say(f"suggestions.{name}", coin="BTC")
        asks = [read(asked, text).asks[0] for text in follows(language, [told])]
        assert (intent, ("ETH-USD",)) in [(ask.intent, ask.symbols) for ask in asks], (name, asks)
        assert forecast in [ask.intent for ask in asks]
        if name == "calls":
            assert (asks[0].intent, asks[0].symbols, asks[0].worst) == (Intent.TRACK_RECORD, ("BTC-USD",), True)


async def test_farther_forecasts_are_followed_by_others_and_the_newest_result_counts():
    four, day = (ForecastAnswer(forecast=issued(0, horizons=hours)) for hours in (4, 24))
    assert follows(Language.ENGLISH, [four])[0] == "And in 24 hours?"
    assert follows(Language.ENGLISH, [four, day])[0] == "What's BTC next hour?"
    price = await result("get_price", symbol="ETH-USD")
    assert follows(Language.ENGLISH, [day, price])[:2] == ("What's ETH next hour?", "And BTC?")


async def test_where_nothing_follows_what_can_be_asked_stays():
    assert follows(Language.ENGLISH, [await result("explain", topic="lstm")]) == follows(Language.ENGLISH, [])


async def test_a_turn_is_heard_as_it_is_and_remembers_a_bounded_number_of_results():
    told = await result("get_price", symbol="BTC-USD")

    async def turn(said: object, /, *, site: str = "", zone: str = "UTC") -> AsyncIterator[Event]:
        for n in range(2 * MOST_HEARD):
            yield ToolFinished(str(n), "get_price", True, "{}", 0.1, told)
        yield Token(f"{site} {zone}")

    heard = Heard(turn)
    events = [event async for event in heard([], site="here", zone="Asia/Tokyo")]
    assert (len(events), events[-1]) == (2 * MOST_HEARD + 1, Token("here Asia/Tokyo"))
    assert heard.results == [told] * MOST_HEARD
