"""What visitors ask beside a time and a price: each kind, in English and in the other languages, as tool calls."""

from datetime import UTC, datetime

import pytest

from assistant.lookups import first_calls
from assistant.understanding import Intent, IntentClassifier, read_question

CLASSIFIER = IntentClassifier.load()
NOW = datetime(2026, 11, 29, 13, 40, tzinfo=UTC)  # a Sunday
MIDNIGHT = "2026-11-30T00:00Z"
LAST_NOON = "2026-11-28T12:00Z"
YESTERDAY = {"start": "2026-11-28T00:00Z", "end": "2026-11-29T00:00Z"}


def question(*turns, zone="UTC"):
    return read_question(turns, CLASSIFIER, NOW, zone=zone)


def call(*turns, zone="UTC"):
    """The one call of a question: its tool, and its arguments without the coin where that is Bitcoin."""
    ((tool, args),) = first_calls(question(*turns, zone=zone))
    return tool, {name: value for name, value in args.items() if (name, value) != ("symbol", "BTC-USD")}


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("btc between 69k and 71k by midnight", {"until": MIDNIGHT, "between": [69_000.0, 71_000.0]}),
        ("will btc stay in 68-70k for the next 4 hours", {"hours": 4, "between": [68_000.0, 70_000.0]}),
        ("Bitcoin zwischen 69.000 und 71.000 in 2 Stunden", {"hours": 2, "between": [69_000.0, 71_000.0]}),
        ("btc entre 69 000 et 71 000 dans 2 heures", {"hours": 2, "between": [69_000.0, 71_000.0]}),
        ("btc entre 69.000 y 71.000 en 2 horas", {"hours": 2, "between": [69_000.0, 71_000.0]}),
        ("btc entre 69.000 e 71.000 em 2 horas", {"hours": 2, "between": [69_000.0, 71_000.0]}),
        ("chance btc drops 2% in the next hour", {"hours": 1, "move_pct": 2.0, "direction": "down"}),
        ("how likely is a 3 % move in 4 hours", {"hours": 4, "move_pct": 3.0, "direction": "either"}),
        ("steigt btc in 4 stunden um 3 prozent", {"hours": 4, "move_pct": 3.0, "direction": "up"}),
        ("95 % range of btc in 6 hours", {"hours": 6, "level": 95.0, "side": "range"}),
        ("at what price am I 90 % safe tonight", {"until": MIDNIGHT, "level": 90.0, "side": "above"}),
        ("liquidation at 62,800, how likely", {"hours": 1, "threshold": 62_800.0, "touch": True}),
        ("will btc close above 70k in 2 hours", {"hours": 2, "threshold": 70_000.0}),
        ("btc hour by hour", {"hours": 24, "path": True}),
        ("how much could I lose on 0.5 btc by tonight", {"until": MIDNIGHT, "amount": 0.5, "amount_in": "coin"}),
        (
            "value at risk 5% of 2 btc in 24h",
            {"hours": 24, "level": 95.0, "side": "above", "amount": 2.0, "amount_in": "coin"},
        ),
        ("六万三以上的概率", {"hours": 1, "threshold": 63_000.0}),
    ],
)
def test_what_the_distribution_holds_can_be_asked_for(text, args):
    assert call(text) == ("forecast", args)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("what's 0.3 btc worth", {"amount": 0.3, "amount_in": "coin"}),
        ("how many sats for $20", {"amount": 20.0, "amount_in": "quote"}),
        ("25000 sats in dollars", {"amount": 0.00025, "amount_in": "coin"}),
        ("convert 0.05 eth to sats", {"symbol": "ETH-USD", "amount": 0.05, "amount_in": "coin", "currency": "BTC"}),
        ("how many sats is 2 sol", {"symbol": "SOL-USD", "amount": 2.0, "amount_in": "coin", "currency": "BTC"}),
        ("what's 5% of 2 eth", {"symbol": "ETH-USD", "amount": 0.1, "amount_in": "coin"}),
        ("500 eur of btc", {"amount": 500.0, "amount_in": "quote", "currency": "EUR"}),
        ("btc price in reais", {"currency": "BRL"}),
        ("preço do bitcoin em reais", {"currency": "BRL"}),
        ("eth in btc", {"symbol": "ETH-USD", "currency": "BTC"}),
        ("what was btc yesterday at noon", {"at": LAST_NOON}),
        ("was war btc gestern mittag", {"at": LAST_NOON}),
        ("what was BTC on 28 November at noon?", {"at": LAST_NOON}),
        ("friday's close", {"at": "2026-11-28T00:00Z"}),
        ("btc 3 hours ago", {"at": "2026-11-29T10:40Z"}),
    ],
)
def test_a_price_may_be_of_an_amount_in_a_currency_or_of_the_past(text, args):
    assert call(text) == ("get_price", args)


@pytest.mark.parametrize(
    ("text", "tool", "args"),
    [
        ("how accurate are 24 hour forecasts", "explain", {"topic": "accuracy-by-horizon"}),
        ("top gainer today", "compare", {"by": "move"}),
        ("biggest losers today", "compare", {"by": "move"}),
        ("who were the winners today", "compare", {"by": "move"}),
        ("today's high", "get_candles", {"start": "2026-11-29T00:00Z"}),
        ("how did btc do yesterday", "get_candles", YESTERDAY),
        ("wie lief btc gestern", "get_candles", YESTERDAY),
        (
            "how much has sol changed between 8am and 10am",
            "get_candles",
            {"symbol": "SOL-USD", "start": "2026-11-29T08:00Z", "end": "2026-11-29T10:00Z"},
        ),
        ("how did btc do from 11 to 1pm", "get_candles", {"start": "2026-11-29T11:00Z", "end": "2026-11-29T13:00Z"}),
        (
            "what did btc do between 18:00 and 19:30",
            "get_candles",
            {"start": "2026-11-28T18:00Z", "end": "2026-11-28T19:30Z"},
        ),
        (
            "low of eth yesterday between 2pm and 5pm",
            "get_candles",
            {"symbol": "ETH-USD", "start": "2026-11-28T14:00Z", "end": "2026-11-28T17:00Z"},
        ),
        (
            "was machte btc zwischen 8 und 10 uhr heute",
            "get_candles",
            {"start": "2026-11-29T08:00Z", "end": "2026-11-29T10:00Z"},
        ),
        ("which is more volatile, btc or sol", "compare", {"symbols": ["BTC-USD", "SOL-USD"], "by": "volatility"}),
        ("btc vs eth performance over the last 6 hours", "compare", {"by": "move", "hours": 6}),
        ("what was your worst miss", "track_record", {"last": 24, "worst": True}),
        ("what did you forecast for 3 pm", "track_record", {"at": "2026-11-29T15:00Z"}),
    ],
)
def test_days_comparisons_and_records_are_looked_up(text, tool, args):
    asked, given = call(text)
    assert asked == tool and args.items() <= given.items()


@pytest.mark.parametrize(
    ("text", "calmest"),
    [
        ("is doge more jumpy than eth this week", False),
        ("which coin is shakier, eth or xrp", False),
        ("which is calmest, btc eth or sol, over the last 3 days", True),
        ("which is the least volatile of btc, eth and sol", True),
        ("is btc tamer than sol today", True),
        ("was ist ruhiger, btc oder eth", True),
        ("lequel est le plus calme, ltc ou btc", True),
        ("cuál es menos volátil, btc o sol", True),
        ("qual é mais estável, btc ou doge", True),
        ("比特币和以太坊哪个更稳定", True),
    ],
)
def test_who_is_wildest_or_calmest_is_a_comparison_of_volatility(text, calmest):
    (ask,) = question(text).asks
    assert (ask.intent, ask.compare_by, ask.worst, ask.direction) == (Intent.COMPARE, "volatility", calmest, "either")


@pytest.mark.parametrize(
    ("text", "calmest"),
    [
        ("which will be calmer tomorrow, btc or sol", True),
        ("which will move less tonight, btc or eth", True),
        ("which will move more tonight, btc or eth", False),
    ],
)
def test_who_will_be_calmer_has_the_narrowest_forecast(text, calmest):
    (ask,) = question(text).asks
    assert (ask.intent, ask.compare_by, ask.worst) == (Intent.COMPARE, "forecast", calmest)


@pytest.mark.parametrize(
    ("text", "zone", "until"),
    [
        ("btc at 5pm new york", "UTC", "2026-11-29T22:00Z"),
        ("btc at 9am singapore time", "UTC", "2026-11-30T01:00Z"),
        ("btc at 17:00 pt", "UTC", "2026-11-30T01:00Z"),
        ("btc at 6pm ist", "UTC", "2026-11-30T12:30Z"),
        ("btc à 20h", "UTC", "2026-11-29T20:00Z"),
        ("btc à 20h", "Europe/Paris", "2026-11-29T19:00Z"),
        ("btc um 20 uhr", "Europe/Berlin", "2026-11-29T19:00Z"),
        ("btc by midnight", "America/New_York", "2026-11-30T05:00Z"),
        ("btc at 2026-11-29 18:00", "UTC", "2026-11-29T18:00Z"),
        ("btc by midnight", "Nowhere/At_All", MIDNIGHT),
    ],
)
def test_a_time_is_on_the_clock_of_the_zone_that_is_named_else_of_the_visitors(text, zone, until):
    assert call(text, zone=zone) == ("forecast", {"until": until})


def test_a_follow_up_keeps_the_zone_the_amount_and_the_price_that_it_leaves_out():
    assert call("btc at 5pm new york", "and at 6pm?") == ("forecast", {"until": "2026-11-29T23:00Z"})
    assert call("what's 0.3 btc worth", "and eth?")[1] == {"symbol": "ETH-USD", "amount": 0.3, "amount_in": "coin"}
    assert call("btc between 69k and 71k in 2 hours", "and in 5 hours?")[1]["between"] == [69_000.0, 71_000.0]
    assert call("what's btc next hour?", "ok and below 63k?") == ("forecast", {"hours": 1, "threshold": 63_000.0})


@pytest.mark.parametrize(
    "text", ["what's 17 % of 64200", "btc on 30 february", "btc at 25:00", "btc am 31. november", "eth at 12:75"]
)
def test_sums_and_times_that_there_are_not_are_no_forecasts(text):
    assert first_calls(question(text)) == [] and question(text).asks[0].intent is Intent.OTHER


@pytest.mark.parametrize("text", ["BTC 5m forecast", "BTC/USDT 1h", "1 june 2026 btc price", "btc in 2027"])
def test_spans_and_dates_are_no_prices(text):
    assert all("threshold" not in args for _, args in first_calls(question(text)))


@pytest.mark.parametrize(
    ("text", "language", "apology"),
    [
        ("btc ?", "en", None),
        ("hello !", "en", None),
        ("quanto sarà il bitcoin tra un'ora", "en", "it"),
        ("Сколько стоит биткоин", "en", "ru"),
        ("ビットコインの価格は？", "en", "ja"),
        ("비트코인 가격", "en", "ko"),
        ("比特币价格", "zh", None),
    ],
)
def test_a_language_without_answers_is_recognized_and_answered_in_english(text, language, apology):
    assert (question(text).language, question(text).apology) == (language, apology)


@pytest.mark.parametrize(
    ("text", "tool", "args"),
    [
        ("quanto sarà il bitcoin tra un'ora", "forecast", {"hours": 1}),
        ("qual è il prezzo di eth", "get_price", {"symbol": "ETH-USD"}),
        ("Сколько стоит биткоин", "get_price", {}),
        ("прогноз эфира через 6 часов", "forecast", {"symbol": "ETH-USD", "hours": 6}),
        ("ビットコインの価格は？", "get_price", {}),
        ("3時間後のビットコインの予測", "forecast", {"hours": 3}),
    ],
)
def test_italian_russian_and_japanese_are_understood_as_far_as_their_words_go(text, tool, args):
    assert call(text) == (tool, args)


@pytest.mark.parametrize("text", ["btc overnight", "btc in a few hours", "btc tonight", "btc tomorrow morning"])
def test_what_is_taken_for_a_vague_word_is_kept(text):
    assert question(text).asks[0].assumed


def test_more_is_told_where_more_is_asked_for():
    told = question("what's btc next hour?", "more details please")
    assert told.more and told.record_told and told.asks[0].intent is Intent.FORECAST and told.asks[0].hours == 1


def test_an_apology_for_a_language_is_made_once():
    assert question("Сколько стоит биткоин").apology == "ru"
    assert question("Сколько стоит биткоин", "эфир?").apology is None


@pytest.mark.parametrize("text", ["btc between 8pm and 10pm tonight", "btc between 8am and 10am tomorrow"])
def test_two_times_to_come_are_two_forecasts(text):
    assert [tool for tool, _ in first_calls(question(text))] == ["forecast", "forecast"]
