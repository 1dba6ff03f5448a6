"""Advice on a coin that nobody named: none is given, no forecast is shown, and it is asked which coin is meant."""

from datetime import UTC, datetime

import pytest

from assistant.agent import Token, ToolFinished, build_agent, run_turn
from assistant.lookups import first_calls
from assistant.offline_model import OfflineModel
from assistant.understanding import Intent, IntentClassifier, read_question
from tests.support.fakes import NOON, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools import bind_tools

NOW = datetime(2026, 3, 19, 12, 4, tzinfo=UTC)
UNNAMED = {
    "en": ("should I buy?", "is it time to sell everything?", "worth getting in now?", "buy the dip?", "hold or sell"),
    "de": ("soll ich kaufen?", "ist es Zeit, alles zu verkaufen?", "lohnt sich jetzt der Einstieg?"),
    "es": ("¿debería comprar?", "¿es hora de vender todo?", "¿vale la pena entrar ahora?"),
    "fr": ("dois-je acheter ?", "est-ce le moment de tout vendre ?", "ça vaut le coup d'entrer maintenant ?"),
    "pt": ("devo comprar?", "é hora de vender tudo?", "vale a pena entrar agora?"),
    "zh": ("我该买吗", "现在该全部卖掉吗", "现在入场值得吗"),
}
WHICH = {
    "en": "Which coin do you mean?", "de": "Um welche Coin geht es?", "es": "¿De qué moneda hablas?",
    "fr": "De quelle monnaie parlez-vous ?", "pt": "De que moeda você fala?", "zh": "您问的是哪种币？",
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return OfflineModel(clock=lambda: NOON + 240.0)


@pytest.fixture(scope="module")
def read():
    classifier = IntentClassifier.load()
    return lambda *turns: read_question(turns, classifier, NOW)


@pytest.mark.parametrize(("language", "text"), [(each, text) for each, texts in UNNAMED.items() for text in texts])
async def test_it_is_asked_which_coin_is_meant_and_nothing_is_looked_up(model, language, text):
    agent = build_agent(model, bind_tools(FakeBackend(longest=24), KNOWLEDGE))
    events = [event async for event in run_turn(agent, [{"role": "user", "content": text}])]
    answer = "".join(event.text for event in events if isinstance(event, Token)).replace("\u202f", " ")
    assert WHICH[language] in answer.replace("\u00a0", " ")
    assert not [event for event in events if isinstance(event, ToolFinished)] and "%" not in answer


@pytest.mark.parametrize("text", ["should I buy bitcoin?", "soll ich btc verkaufen?", "我该买比特币吗"])
def test_where_a_coin_is_named_its_forecast_is_shown(read, text):
    assert first_calls(read(text)) == [("forecast", {"symbol": "BTC-USD", "hours": 1})]


@pytest.mark.parametrize(("said", "symbol"), [("eth price", "ETH-USD"), ("btc next hour", "BTC-USD")])
def test_where_a_coin_was_talked_about_it_is_meant(read, said, symbol):
    assert first_calls(read(said, "should I buy?")) == [("forecast", {"symbol": symbol, "hours": 1})]
    assert first_calls(read(said, "thanks", "is it time to sell everything?"))[0][1]["symbol"] == symbol


def test_a_coin_beside_the_question_is_meant():
    model = IntentClassifier.load()
    question = read_question(["what's sol at, and should I buy?"], model, NOW)
    assert {symbol for ask in question.asks for symbol in ask.symbols} == {"SOL-USD"}


@pytest.mark.parametrize(
    ("answer", "symbol"), [("eth", "ETH-USD"), ("bitcoin", "BTC-USD"), ("I mean solana", "SOL-USD")]
)
def test_the_coin_that_is_named_then_is_the_one(read, answer, symbol):
    question = read("should I buy?", answer)
    assert [(ask.intent, ask.symbols) for ask in question.asks] == [(Intent.ADVICE, (symbol,))]


def test_the_next_question_is_about_a_coin_again(read):
    assert read("should I buy?", "and tomorrow?").asks[0].symbols == ()
    assert first_calls(read("should I buy?", "what's the price?")) == [("get_price", {"symbol": "BTC-USD"})]
    assert not read("should I buy?", "btc next hour").record_told
