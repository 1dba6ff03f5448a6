import time
from datetime import UTC, datetime

import pytest

from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import OFFERED, Intent, Language
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.slots.coins import foreign, name_of, symbols_in
from assistant.understanding.slots.grammar import readied
from assistant.understanding.slots.written_coins import latin, marked
from tests.support.conversations.cases import NOW
from tools import catalogue, spellings

CLASSIFIER = IntentClassifier.load()


def coins(text, language="en"):
    """The codes of the coins that a text names."""
    language = Language(language)
    english = readied(CLASSIFIER.reader.english(text, language), language)
    return [symbol.removesuffix("-USD") for symbol in symbols_in(english, both=())]


def asks(*messages, offered=OFFERED):
    return read_question(messages, CLASSIFIER, NOW, offered=offered).asks


@pytest.mark.parametrize("symbol", catalogue())
def test_every_coin_of_the_catalogue_is_known_by_its_code_its_name_and_its_aliases(symbol):
    coin = catalogue()[symbol]
    for name in spellings(coin)[1:]:
        assert coins(f"price of {name}") == [coin.code], name
    for written in ("{} next hour?", "Preis von {}?", "${} price", "price of {}/USDT", "{}USDT price", "{}-usd price"):
        assert coins(written.format(coin.code)) == [coin.code], written
    for written in ("{} price", "price of {}", "{}usdt price", "${} price"):
        assert coins(written.format(coin.code.lower())) == [coin.code], written
    assert name_of(symbol) == coin.name


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("Precio de SOL", "es", ["SOL"]),
        ("¿cuánto vale ada?", "es", ["ADA"]),
        ("SOL-Kurs morgen", "de", ["SOL"]),
        ("Wo steht ADA in 6 Stunden?", "de", ["ADA"]),
        ("prix de SOL", "fr", ["SOL"]),
        ("qual o preço da cardano", "pt", ["ADA"]),
        ("cotação da ada", "pt", ["ADA"]),
        ("狗狗币现在多少钱", "zh", ["DOGE"]),
        ("索拉纳和瑞波币明天会涨吗", "zh", ["SOL", "XRP"]),
        ("SOL价格", "zh", ["SOL"]),
        ("比特币现金", "zh", ["BCH"]),
        ("what's SOL next hour?", "en", ["SOL"]),
        ("whats sol gonna do", "en", ["SOL"]),
        ("how's link doing", "en", ["LINK"]),
        ("SOL?", "en", ["SOL"]),
        ("PRICE OF SOL", "en", ["SOL"]),
        ("SOL and DOGE tomorrow", "en", ["SOL", "DOGE"]),
        ("BTC, ETH and SOL", "en", ["BTC", "ETH", "SOL"]),
        ("btc, sol and ada", "en", ["BTC", "SOL", "ADA"]),
        ("near and btc", "en", ["NEAR", "BTC"]),
        ("bitcoin cash and bitcoin", "en", ["BCH", "BTC"]),
        ("Ethereum Classic", "en", ["ETC"]),
        ("not SOL, DOGE", "en", ["DOGE"]),
    ],
)
def test_coins_are_found_in_every_language_in_the_order_they_are_named(text, language, named):
    assert coins(text, language) == named


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hace sol", "es"),
        ("mañana hará sol", "es"),
        ("le prix au ras du sol", "fr"),
        ("o sol nasce", "pt"),
        ("near the top", "en"),
        ("is the price near 70000 or near the high", "en"),
        ("the price near term", "en"),
        ("send me the link", "en"),
        ("the link to the forecast", "en"),
        ("dot dot dot", "en"),
        ("HACE SOL", "es"),
        ("NEAR THE TOP", "en"),
        ("and so on, etc", "en"),
        ("a ton of uni atoms", "en"),
        ("price in USD", "en"),
        ("what's the MAE", "en"),
        ("PLEASE HELP ME NOW", "en"),
        ("HELLO?", "en"),
        ("I NEED to know what is GOOD and RIGHT", "en"),
        ("what will the FED do", "en"),
        ("das ist SEHR gut, DANKE", "de"),
    ],
)
def test_everyday_words_are_no_coins(text, language):
    assert coins(text, language) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("PEPE?", ["PEPE"]),
        ("shib price", ["SHIB"]),
        ("monero and stellar", ["XMR", "XLM"]),
        ("price of matic", ["POL"]),
        ("TON next hour?", ["TON"]),
        ("what about ETC", ["ETC"]),
        ("price of WXYZ", ["WXYZ"]),
        ("$wxyz now", ["WXYZ"]),
        ("wxyz/usdt now", ["WXYZ"]),
        ("WXYZUSDT tomorrow", ["WXYZ"]),
    ],
)
def test_a_coin_outside_the_catalogue_becomes_a_symbol_too(text, named):
    assert coins(text) == named


@pytest.mark.parametrize("text", ["EURUSD", "eur/usd", "gold/usd", "$TSLA", "TSLA price", "tether", "usd/jpy"])
def test_currencies_metals_and_stocks_are_none(text):
    assert coins(text) == []
    assert foreign(readied(CLASSIFIER.reader.english(text, Language.ENGLISH), Language.ENGLISH))


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("solanna price", "SOL"),
        ("dogecion", "DOGE"),
        ("cardno forecast", "ADA"),
        ("litcoin", "LTC"),
        ("etherium", "ETH"),
    ],
)
def test_typos_of_names_are_mended(typed, named):
    assert coins(typed) == [named]


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        (["SOL price", "DOGE price", "both tomorrow"], ["SOL", "DOGE"]),
        (["SOL and DOGE price", "and both tomorrow?"], ["SOL", "DOGE"]),
        (["BTC price", "forecast both"], ["BTC", "ETH"]),
        (["forecast both"], ["BTC", "ETH"]),
        (["forecast both SOL and ADA"], ["SOL", "ADA"]),
        (["price of SOL", "and tomorrow?"], ["SOL"]),
    ],
)
def test_both_means_the_two_coins_named_last_or_bitcoin_and_ether(messages, named):
    (ask,) = asks(*messages)
    assert [symbol.removesuffix("-USD") for symbol in ask.symbols] == named


def test_all_coins_are_those_that_are_offered():
    (ask,) = asks("price of all coins", offered=("SOL-USD", "DOGE-USD", "BTC-USD"))
    assert ask.symbols == ("SOL-USD", "DOGE-USD", "BTC-USD")
    (ask,) = asks("price?", offered=("SOL-USD", "DOGE-USD"))
    assert ask.symbols == ("SOL-USD",)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("chance of doge above $0.2 tomorrow", 0.2),
        ("doge over 0.152", 0.152),
        ("xrp above 3 in 6 hours", 3.0),
        ("will SOL break 95", 95.0),
        ("SHIB above $0.00001234", 0.00001234),
        ("doge above 3 hours", None),
        ("SOL at 12", None),
    ],
)
def test_a_threshold_is_in_the_order_of_the_coins_price(text, threshold):
    (ask,) = asks(f"{text}?")
    assert ask.intent is Intent.FORECAST and ask.threshold == threshold


@pytest.mark.parametrize(
    "text",
    [
        "sol," * 500,
        "btc and " * 250,
        "$a" * 1000,
        "a-usd/" * 333,
        "near " * 400,
        "A" * 2000,
        "SOL-" * 500,
        "price of " * 222,
    ],
)
def test_the_longest_message_is_searched_at_once(text):
    begun = time.process_time()
    symbols_in(marked(text).lower())
    assert time.process_time() - begun < 0.3


def test_a_message_is_read_at_any_moment():
    assert read_question(["SOL by 5pm"], CLASSIFIER, datetime(2026, 3, 19, 12, tzinfo=UTC)).asks[0].hours == 5


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("\u0412\u0422\u0421 price", "BTC price"),  # Cyrillic
        ("\u0435\u0442\u043d?", "eth?"),
        ("\u0392\u03a4C", "BTC"),  # Greek
        ("S\u041eL and bit\u0441\u043ein", "SOL and bitcoin"),
        ("\u0441\u043a\u043e\u043b\u044c\u043a\u043e \u0441\u0442\u043e\u0438\u0442 \u044d\u0444\u0438\u0440", None),
        ("\u0432 \u0441\u0440\u0435\u0434\u0443 \u0442\u0430\u043c", None),  # words that only look Latin in part
        ("\u043e\u043d\u0430 \u0432\u043e\u0442", None),  # and in whole
    ],
)
def test_letters_that_look_latin_are_so_in_a_coins_name_and_beside_latin_ones(typed, read):
    assert latin(typed) == (read or typed)
