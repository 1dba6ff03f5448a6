"""Prices in another currency are thresholds like others: told in both, with the rate, in six languages."""

import logging

import pytest

from assistant.agent import Token, ToolFinished, build_agent, run_turn
from assistant.offline_model import OfflineModel
from assistant.replies import NBSP
from tests.support.fakes import NOON, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools import bind_tools


@pytest.fixture(scope="module")
def model():
    return OfflineModel(clock=lambda: NOON + 240.0)


@pytest.fixture
def ask(model, caplog):
    agent = build_agent(model, bind_tools(FakeBackend(longest=24), KNOWLEDGE))

    async def asked(*turns):
        """The last answer, and what the forecast of it was asked."""
        said = []
        for turn in turns:
            said.append({"role": "user", "content": turn})
            events = [event async for event in run_turn(agent, said)]
            answer = "".join(event.text for event in events if isinstance(event, Token))
            said.append({"role": "assistant", "content": answer})
        assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []  # no sentence was left out
        (found,) = [event.data for event in events if isinstance(event, ToolFinished)]
        return answer.replace(NBSP, " ").replace("\u202f", " "), found

    return asked


@pytest.mark.parametrize(
    ("text", "price", "rate"),
    [
        ("will BTC be above 60000 euros at 18:00", "60,000 EUR ($66,667)", "One dollar is 0.90 EUR now (Bitstamp,"),
        ("liegt bitcoin um 18 uhr über 60.000 Euro?", "60.000 EUR (66.667 $)", "Ein Dollar steht jetzt bei 0,90 EUR"),
        ("¿estará bitcoin por encima de 60.000 euros a las 18:00?", "60.000 EUR (66.667 $)", "Un dólar vale ahora"),
        ("bitcoin sera-t-il au-dessus de 60 000 euros à 18h ?", "60 000 EUR (66 667 $)", "Un dollar vaut maintenant"),
        ("o bitcoin vai estar acima de 60.000 euros às 18:00?", "60.000 EUR (US$ 66.667)", "Um dólar vale agora"),
        ("比特币18:00会高于60000欧元吗", "60,000 EUR（66,667美元）", "目前每美元合0.90 EUR（Bitstamp，"),
    ],
)
async def test_a_price_in_euros_is_told_in_both_with_the_rate(ask, text, price, rate):
    answer, found = await ask(text)
    assert price in answer and rate in answer
    assert found.threshold == pytest.approx(60_000 / 0.9) and found.odds.above > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "will btc stay between 60000 and 65000 euros until 20:00",
        "bleibt btc bis 20 uhr zwischen 60.000 und 65.000 Euro",
        "¿cerrará btc entre 60.000 y 65.000 euros a las 20:00?",
        "btc restera-t-il entre 60 000 et 65 000 euros jusqu'à 20h ?",
        "btc vai ficar entre 60.000 e 65.000 euros até as 20:00?",
        "btc到20:00会在60000到65000欧元之间吗",
    ],
)
async def test_two_prices_in_euros_are_no_amount(ask, text):
    answer, found = await ask(text)
    assert found.in_currency.between == (60_000.0, 65_000.0) and "EUR" in answer and found.odds.between is not None


@pytest.mark.parametrize(
    "text",
    [
        "will btc touch 63000 euros within 3 hours",
        "berührt btc in 3 stunden 63.000 euro",
        "¿tocará btc los 63.000 euros en 3 horas?",
        "btc va-t-il toucher 63 000 euros dans 3 heures ?",
        "btc vai tocar 63.000 euros em 3 horas?",
        "btc 3小时内会触及63000欧元吗",
    ],
)
async def test_a_touch_of_a_price_in_euros(ask, text):
    _, found = await ask(text)
    assert found.touch and found.in_currency.threshold == 63_000.0 and found.threshold == pytest.approx(70_000.0)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("chance of btc above 60k eur?", 60_000),
        ("odds of btc over 62 000 € in 2 hours", 62_000),
        ("is btc going to be higher than 62000 euros at 6 pm", 62_000),
        ("will btc fall to 55000 euros by tonight", 55_000),
        ("could btc be worth 65000 euros tomorrow", 65_000),
    ],
)
async def test_a_price_in_euros_is_passed_in_many_words(ask, text, threshold):
    _, found = await ask(text)
    assert found.in_currency.threshold == threshold


async def test_a_level_and_an_amount_of_money_are_told_in_both(ask):
    answer, _ = await ask("in euros, what price will btc stay above with 90 % in 4 hours")
    assert "closes above 62,358 EUR ($69,287)" in answer
    answer, _ = await ask("what could i lose on 500 euros of btc by tonight")
    assert "the loss on 500 EUR ($555.56) in Bitcoin" in answer


async def test_a_follow_up_stays_in_the_currency_until_dollars_are_named(ask):
    first = "will btc be above 60000 euros at 18:00"
    answer, _ = await ask(first, "and at 20:00?")
    assert "60,000 EUR ($66,667) at 20:00 UTC" in answer
    answer, _ = await ask(first, "and above 65k?")
    assert "65,000 EUR ($72,222)" in answer
    answer, found = await ask(first, "and below $70k?")
    assert found.threshold == 70_000.0 and "EUR" not in answer


async def test_where_nobody_quotes_a_currency_that_is_said_and_the_range_told(ask):
    answer, found = await ask("will btc be above 300000 reais at 18:00")
    assert "No exchange that I ask quotes Bitcoin in BRL." in answer and "80 % range" in answer
    assert found.threshold is None and "300,000" not in answer
