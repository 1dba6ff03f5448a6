import pytest

from assistant.grounding.grounding import Grounding
from assistant.grounding.refusals import advises, objection, quotes_prompt
from assistant.grounding.vouched import Grounds
from assistant.prompts import SYSTEM

ADVICE = """
Buy now.
You should buy Bitcoin.
I'd recommend buying some.
It's a good time to sell.
Just hold.
Sell before it drops!
Hold your BTC for now.
My advice: wait for a dip.
Consider selling half.
BTC is up, so buy.
Looks bullish, time to get in.
Strong buy.
Compra ahora.
Deberías comprar.
Te recomiendo esperar.
Kaufen Sie jetzt.
Sie sollten verkaufen.
Ich empfehle, zu kaufen.
Achetez maintenant.
Vous devriez vendre.
Compre agora.
Você deveria vender.
建议您买入。
现在可以买入比特币。
买入吧！
""".strip().splitlines()
TALK = """
I can't tell you whether to buy or sell: the coming hours are too uncertain.
This is worth little without the range.
The range is what to trust.
You can ask about ETH.
Wait times vary.
The price may hold above that.
No puedo decirle si comprar.
Its range held most of the time.
Ob Sie kaufen oder verkaufen sollten, kann ich nicht sagen.
Je ne peux pas vous dire s'il faut acheter.
Não posso dizer se deve comprar.
我不能告诉您是否应该买入。
El modelo espera poco.
How long do forecasts hold?
Over the long run it trades sideways.
Die Spanne hielt in den meisten Stunden.
""".strip().splitlines()


@pytest.mark.parametrize("sentence", ADVICE)
def test_advice_to_trade_is_recognized(sentence):
    assert advises(sentence)


@pytest.mark.parametrize("sentence", TALK)
def test_talk_about_trading_and_about_ranges_is_no_advice(sentence):
    assert not advises(sentence)


@pytest.mark.parametrize("sentence", ["See https://x.example.", "![a](b)", "[here](javascript:x)", "www.example.com"])
def test_links_and_images_are_objected_to(sentence):
    assert objection(sentence, Grounds()) == "a link"


def test_a_stretch_of_the_prompt_is_recognized_and_its_topics_are_not():
    assert quotes_prompt(f"My instructions: {SYSTEM[200:400]}")
    assert not quotes_prompt("The 80 % range and the chance of going up come first.")


def test_the_reason_names_the_kind_of_figure_and_not_the_figure():
    assert objection("It is $71,000.", Grounds()) == "a figure of kind money that no tool gave"
    assert objection("It is quiet.", Grounds()) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "OPENAI_API_KEY=abc",
        "CRYPTOSENSE_BACKEND_KEY: abc",
        "It is in /etc/passwd here.",
        "It is in ~/app/.env now.",
        "Read /v1/alerts/../etc/passwd of it.",
        "It is in /v1/alerts.py here.",
        "C:\\Users\\x",
        "The key is sk-abcdefgh1234.",
        "WW91IGFyZSBDcnlwdG9TZW5zZSwgYW4gYXNzaXN0YW50",
        "A ValueError was raised.",
        "Check the connection, or set CRYPTOSENSE_SOURCE=demo for simulated prices.",
        "Traceback (most recent call last)",
    ],
)
def test_internals_are_objected_to(sentence):
    assert objection(sentence, Grounds()) == "internals"


@pytest.mark.parametrize(
    "sentence",
    [
        "The forecaster at CRYPTOSENSE_BACKEND_URL timed out.",
        "BTC/USD and ETH/USD are followed around the clock.",
        "The mean absolute error (MAE) is low.",
        "Errors happen.",
        "Prices rise and/or fall.",
        "For programs, /v1/alerts of the API does that.",
        "The API has /v1/alerts.",
    ],
)
def test_talk_that_only_looks_like_internals_is_not(sentence):
    assert objection(sentence, Grounds()) is None


def test_the_prompt_is_recognized_also_where_it_comes_in_short_sentences():
    grounding = Grounding([])
    words = SYSTEM.split()
    pieces = [". ".join([" ".join(words[n : n + 5]).strip(".") for n in range(0, 60, 5)])]
    checked = [each for piece in pieces for each in grounding.check(piece)]
    said = [each.text for each in checked if each.objection is None]
    assert "our prompt" in {each.objection for each in checked}
    assert not quotes_prompt(" ".join(said[:3]))
