"""Answers about any coin: its name, its decimals, and whose record is told."""

import pytest

from assistant.replies.answers import from_results, without_tools
from assistant.replies.failures import Failure
from assistant.replies.speech import Speech
from assistant.understanding.frame import Ask, Intent, Language, Question
from assistant.understanding.slots.coins import name_of
from tests.support.conversations import said
from tests.support.conversations.said import data


def asked(intent, **changes):
    return Question((Ask(intent, **changes),))


def plain(text):
    return text.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.ENGLISH, "Dogecoin is at $0.15234, up 0.42 % over 24 hours"),
        (Language.GERMAN, "0,15234 $"),
        (Language.SPANISH, "0,15234 $"),
        (Language.FRENCH, "0,15234 $"),
        (Language.PORTUGUESE, "US$ 0,15234"),
        (Language.CHINESE, "狗狗币现价0.15234美元"),
    ],
)
async def test_a_price_of_cents_keeps_the_coins_decimals_in_every_language(language, told):
    price = (await data("get_price")).model_copy(update={"symbol": "DOGE-USD", "price": 0.15234})
    question = Question((Ask(Intent.PRICE, ("DOGE-USD",)),), language)
    assert told in plain(from_results(question, [price], []))


async def test_a_forecast_of_a_small_price_has_ranges_with_its_decimals():
    doge = from_results(
        asked(Intent.FORECAST, symbols=("DOGE-USD",), threshold=0.2), [await said.tiny("DOGE-USD", 0.15234)], []
    )
    for told in (
        "above $0.20 at 13:00 UTC (in 60 minutes) is under 3 %",
        "the 80 % range then is $0.15167 to $0.15313",
        "Dogecoin is at $0.15234 (Bitstamp, 12:00 UTC)",
    ):
        assert told in plain(doge)
    shib = plain(from_results(asked(Intent.FORECAST, symbols=("SHIB-USD",)), [await said.tiny("SHIB-USD")], []))
    assert "Shiba Inu is at $0.0000123456" in shib and "between $0.0000122913 and $0.0000124098" in shib


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.ENGLISH, "The model was not graded on Solana and Dogecoin; its record is that of Bitcoin."),
        (Language.GERMAN, "An Solana und Dogecoin wurde das Modell nicht gemessen; seine Bilanz ist die von Bitcoin."),
        (Language.SPANISH, "El modelo no se evaluó con Solana y Dogecoin; su historial es el de Bitcoin."),
        (Language.FRENCH, "n’a pas été évalué sur Solana et Dogecoin ; son bilan est celui du Bitcoin."),
        (Language.PORTUGUESE, "O modelo não foi avaliado com Solana e Dogecoin; seu histórico é o do Bitcoin."),
        (Language.CHINESE, "模型没有在索拉纳和狗狗币上评测过，它的成绩是比特币的。"),
    ],
)
async def test_a_coin_that_the_model_was_not_graded_on_is_told_once_with_whose_record_it_is(language, told):
    coins = ("SOL-USD", "DOGE-USD")
    results = [await said.ungraded(symbol) for symbol in coins]
    text = plain(from_results(Question((Ask(Intent.FORECAST, coins),), language), results, []))
    assert text.count(told) == 1 and "USD's" not in text


async def test_the_record_of_a_coin_that_has_none_is_called_the_other_coins():
    text = from_results(asked(Intent.METRICS, symbols=("SOL-USD",)), [await data("explain", topic="record")], [])
    assert text.startswith("The model was not graded on Solana; its record is that of Bitcoin. Over 21,765 unseen")


@pytest.mark.parametrize("language", Language)
async def test_a_coin_without_prices_is_named_once_with_the_nearest_that_are_followed(language):
    failures = [Failure("'PEPE-USD' is not supported.", supported=("XRP-USD", "BNB-USD"), symbol="PEPE-USD")] * 2
    text = from_results(Question((Ask(Intent.FORECAST, ("PEPE-USD",)),), language), [], failures)
    assert text.count("PEPE") == 1 and "supported" not in text
    assert name_of("XRP-USD", language) in text and name_of("BNB-USD", language) in text
    assert language is not Language.ENGLISH or text == (
        "I found no prices of PEPE. There are prices of XRP and BNB, for example."
    )


async def test_coins_for_which_an_answer_has_no_room_are_named():
    price = await data("get_price")
    results = [price.model_copy(update={"symbol": symbol}) for symbol in said.SEVEN[:6]]
    text = from_results(asked(Intent.PRICE, symbols=said.SEVEN), results, [])
    assert "There was no room for Avalanche in one answer: ask about that next." in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("intent", [Intent.GREETING, Intent.CAPABILITIES, Intent.OTHER])
def test_the_coins_that_are_followed_are_those_of_the_settings(language, intent):
    few = without_tools(Question((Ask(intent),), language, offered=("LTC-USD", "XTZ-USD")))
    assert name_of("LTC-USD", language) in few and "Tezos" in few and "Solana" not in few
    many = without_tools(Question((Ask(intent),), language, offered=tuple(f"C{n}-USD" for n in range(40))))
    assert "C7" in many and "C8" not in many


@pytest.mark.parametrize(
    ("language", "of_coins"),
    [
        (Language.ENGLISH, "of Bitcoin, Solana and Avalanche"),
        (Language.GERMAN, "von Bitcoin, Solana und Avalanche"),
        (Language.SPANISH, "de Bitcoin, Solana y Avalanche"),
        (Language.FRENCH, "du Bitcoin, de Solana et d’Avalanche"),
        (Language.PORTUGUESE, "do Bitcoin, de Solana e de Avalanche"),
        (Language.CHINESE, "比特币、索拉纳和雪崩币的"),
    ],
)
def test_several_coins_are_listed_as_the_language_lists_them(language, of_coins):
    assert Speech(language).of_coin("BTC-USD", "SOL-USD", "AVAX-USD") == of_coins
