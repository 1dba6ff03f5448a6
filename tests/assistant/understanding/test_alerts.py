"""Questions that ask to be told of something when it happens, in six languages, and those that only sound like it."""

import pytest

from assistant.knowledge import Library
from assistant.lookups import first_calls
from assistant.understanding import Intent, IntentClassifier, read_question

CLASSIFIER, KNOWLEDGE = IntentClassifier.load(), Library.load()
RANGE, ABOVE, BELOW, UNUSUAL = {}, {"threshold": 3000.0}, {"threshold": 60_000.0, "below": True}, {"unusual": True}
ASKED = {
    "tell me when BTC leaves its range": ("BTC-USD", RANGE),
    "let me know if ETH goes above 3000": ("ETH-USD", ABOVE),
    "alert me when sol drops below 100": ("SOL-USD", {"threshold": 100.0, "below": True}),
    "ping me if something odd happens with btc": ("BTC-USD", UNUSUAL),
    "set an alert for btc at 70000": ("BTC-USD", {"threshold": 70_000.0, "below": None}),
    "notify me when btc hits 70k": ("BTC-USD", {"threshold": 70_000.0, "below": None, "touch": True}),
    "tell me when btc leaves its 95% range in the next 4 hours": ("BTC-USD", {"level": 95.0, "hours": 4}),
    "let me know when btc leaves 60k-70k": ("BTC-USD", {"between": (60_000.0, 70_000.0)}),
    "tell me if btc drops 5%": ("BTC-USD", {"move_pct": 5.0, "direction": "down"}),
    "sag mir Bescheid, wenn BTC seinen Bereich verlässt": ("BTC-USD", RANGE),
    "sag mir, wenn Ethereum über 3000 steigt": ("ETH-USD", ABOVE),
    "gib Bescheid, wenn bei Bitcoin etwas Ungewöhnliches passiert": ("BTC-USD", UNUSUAL),
    "avísame cuando BTC salga de su rango": ("BTC-USD", RANGE),
    "avísame si ethereum supera los 3000": ("ETH-USD", ABOVE),
    "avísame cuando bitcoin baje de 60000": ("BTC-USD", BELOW),
    "préviens-moi quand le BTC sort de sa fourchette": ("BTC-USD", RANGE),
    "préviens-moi si ethereum dépasse 3000": ("ETH-USD", ABOVE),
    "préviens-moi s'il se passe quelque chose de bizarre avec bitcoin": ("BTC-USD", UNUSUAL),
    "avise-me quando o BTC sair da sua faixa": ("BTC-USD", RANGE),
    "me avise se o ethereum passar de 3000": ("ETH-USD", ABOVE),
    "avise-me se acontecer algo estranho com o bitcoin": ("BTC-USD", UNUSUAL),
    "比特币离开区间时提醒我": ("BTC-USD", RANGE),
    "以太坊超过3000时通知我": ("ETH-USD", ABOVE),
    "如果比特币跌破60000就告诉我": ("BTC-USD", BELOW),
}
OTHERS = (
    "tell me the price", "tell me what BTC does next hour", "will btc go above 70k", "tell me when btc will hit 70k",
    "tell me if btc will go above 70k", "let me know the price of eth", "tell me if it's a good time to buy",
    "tell me if btc is a good buy", "when did btc hit 70k", "tell me when btc was above 60k", "tell me more",
    "sag mir den Preis", "sag mir, was BTC in der nächsten Stunde macht", "dime si bitcoin va a subir",
    "dis-moi le prix du bitcoin", "me diga o preço do bitcoin", "告诉我比特币的价格",
)  # fmt: skip


def read(*said):
    return read_question(said, CLASSIFIER, topics=KNOWLEDGE.topic_of)


@pytest.mark.parametrize("text", ASKED)
def test_whoever_asks_to_be_told_of_something_asks_for_an_alert(text):
    symbol, named = ASKED[text]
    (ask,) = read(text).asks
    assert ask.intent is Intent.ALERT and ask.symbols == (symbol,)
    empty = {"threshold": None, "below": False, "between": None, "move_pct": None, "unusual": False, "level": None}
    assert {name: getattr(ask, name) for name in {**empty, **named}} == empty | named


@pytest.mark.parametrize("text", OTHERS)
def test_a_question_for_a_price_a_time_or_advice_is_none(text):
    assert all(ask.intent is not Intent.ALERT for ask in read(text).asks)


def test_a_range_is_that_of_the_forecast_before_or_of_the_next_hour():
    (before,) = read("btc in 3 hours", "tell me when it leaves that range").asks
    assert (before.intent, before.hours) == (Intent.ALERT, 3)
    assert first_calls(read("tell me when eth leaves its range")) == [("forecast", {"symbol": "ETH-USD", "hours": 1})]


def test_a_price_that_is_named_is_held_against_the_price_now_unless_a_time_is_named():
    assert first_calls(read("tell me when btc drops below 60000")) == [("get_price", {"symbol": "BTC-USD"})]
    ((name, args),) = first_calls(read("notify me when btc hits 60k in the next 4 hours"))
    assert (name, args["hours"], args["threshold"]) == ("forecast", 4, 60_000.0)
    assert first_calls(read("ping me if something odd happens with btc")) == [("get_price", {"symbol": "BTC-USD"})]


def test_the_same_goes_on_for_another_coin():
    (ask,) = read("tell me when btc leaves its range", "and eth?").asks
    assert (ask.intent, ask.symbols) == (Intent.ALERT, ("ETH-USD",))
