"""Kinds of questions that were misread once: parts of a day, rows of hours, typical moves, causes, two at once."""

from datetime import UTC, datetime

import pytest

from assistant.understanding import Intent, IntentClassifier, read_question
from assistant.understanding.slots.day_parts import day_part

NOW = datetime(2026, 11, 29, 13, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("btc early morning", "2026-11-30T06:00Z"),
        ("btc early tomorrow morning", "2026-11-30T06:00Z"),
        ("btc in the small hours", "2026-11-30T04:00Z"),
        ("btc first thing tomorrow", "2026-11-30T08:00Z"),
        ("btc late afternoon", "2026-11-29T17:00Z"),
        ("btc at dawn", "2026-11-30T06:00Z"),
        ("btc früh morgens", "2026-11-30T06:00Z"),
        ("btc de madrugada, por favor", "2026-11-30T04:00Z"),
        ("btc au petit matin", "2026-11-30T06:00Z"),
        ("btc amanhã bem cedo", "2026-11-30T06:00Z"),
        ("BTC 凌晨会到多少", "2026-11-30T04:00Z"),
    ],
)
def test_a_part_of_a_day_is_an_hour_of_it(calls, text, until):
    assert calls(text) == [("forecast", {"symbol": "BTC-USD", "until": until})]


def test_the_early_part_of_this_morning_has_passed(calls):
    assert calls("btc early this morning") == [("get_price", {"symbol": "BTC-USD", "at": "2026-11-29T06:00Z"})]


def test_a_good_morning_is_no_time():
    assert day_part("good morning") is None and day_part("this morning") is None


@pytest.mark.parametrize(
    "text", ["btc 2h 4h 8h", "btc in 2, 4 and 8 hours", "2h, 4h and 8h for btc", "BTC 2小时 4小时 8小时"]
)
def test_a_row_of_hours_is_a_forecast_for_each(calls, text):
    assert [args["hours"] for _, args in calls(text)] == [2, 4, 8]


def test_a_row_of_every_hour_is_a_path(calls):
    assert calls("btc 1h 2h 3h 4h") == [("forecast", {"symbol": "BTC-USD", "hours": 4, "path": True})]


@pytest.mark.parametrize(
    "text",
    [
        "what's a typical move of BTC in an hour",
        "how far does btc usually go in an hour",
        "wie stark schwankt btc normalerweise in einer stunde",
        "cuanto oscila btc normalmente en una hora",
    ],
)
def test_a_typical_move_is_told_by_a_forecast_and_is_no_anomaly(calls, text):
    assert calls(text) == [("forecast", {"symbol": "BTC-USD", "hours": 1})]


@pytest.mark.parametrize("text", ["was that btc move normal", "unusual btc candles since friday?"])
def test_an_unusual_move_stays_one(calls, text):
    assert [name for name, _ in calls(text)] == ["detect_anomalies"]


@pytest.mark.parametrize(
    "text", ["why did btc drop", "warum ist btc gefallen", "por que cayo btc", "what's behind the btc pump"]
)
def test_a_cause_is_not_known_so_what_happened_is_looked_up(calls, text):
    assert [name for name, _ in calls(text)] == ["get_candles"]


def test_two_questions_about_this_service_are_two_topics(calls):
    known = {"who made you ": "who-made-this", " are you free": "cost"}
    told = calls("who made you and are you free", topics=lambda text: known.get(text))
    assert [args["topic"] for _, args in told] == ["who-made-this", "cost"]


def test_half_a_question_is_no_topic_of_its_own(calls):
    topics = {"when were you trained ": "training-data", " on what data": "features"}
    told = calls("when were you trained and on what data", topics=lambda text: topics.get(text, "training-data"))
    assert [args["topic"] for _, args in told] == ["training-data"]


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("chance my sol limit buy at 131 fills within 6h", {"hours": 6, "threshold": 131.0, "touch": True}),
        ("will sol lose 131 in the next 4 hours", {"hours": 4, "threshold": 131.0}),
        ("my liq is 131 on sol, do i get rekt within 6 hours", {"hours": 6, "threshold": 131.0, "touch": True}),
    ],
)
def test_a_price_and_the_time_to_pass_it_are_one_question(calls, text, args):
    assert calls(text) == [("forecast", {"symbol": "SOL-USD"} | args)]


def test_a_loss_is_that_of_one_coin_where_one_is_named(calls):
    assert calls("how much could i lose on 1 eth in 12 hours")[0][1]["amount"] == 1.0
    assert "amount" not in calls("1 eth to usd")[0][1]


def test_the_record_of_this_morning_is_not_asked_of_tomorrow(calls):
    assert calls("did your 9am btc forecast hold") == [
        ("track_record", {"symbol": "BTC-USD", "at": "2026-11-29T09:00Z"})
    ]


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("will btc hold above 60k tonight?", 60_000),
        ("will bitcoin hold 60000 for the next 5 hours?", 60_000),
        ("btc holding above 60k at 6pm?", 60_000),
        ("can eth hold the 2000 level until 8pm?", 2_000),
        ("will BTC fail to hold 68k?", 68_000),
        ("¿mantendrá bitcoin los 60.000 esta noche?", 60_000),
        ("¿aguantará ETH los 2000 en 3 horas?", 2_000),
        ("o bitcoin segura os 60000 até hoje à noite?", 60_000),
        ("le bitcoin tiendra-t-il les 60000 ce soir ?", 60_000),
        ("hält BTC heute Abend die 60000?", 60_000),
        ("比特币今晚能守住60000吗", 60_000),
    ],
)
def test_a_price_that_a_coin_holds_is_one_that_it_may_pass(calls, text, threshold):
    ((name, arguments),) = calls(text)
    assert name == "forecast" and arguments["threshold"] == threshold, arguments


def test_money_that_a_person_holds_is_no_price_to_pass(calls):
    ((name, arguments),) = calls("i hold 20000 dollars of btc, what is it worth in 3 hours?")
    assert name == "forecast" and "threshold" not in arguments


def test_what_is_shaped_like_a_forecast_and_speaks_of_something_else_is_none(calls):
    others = (
        "wer wird bundesliga meister", "will arsenal beat chelsea tonight", "when does the next iphone come out",
        "gewinnt bayern heute abend", "va-t-il pleuvoir demain", "va a ganar el barça hoy",
        "vai chover amanhã em são paulo", "今晚湖人能赢吗", "pioverà domani a roma", "будет ли завтра дождь",
        "明日は雨が降る？", "gewinnt deutschland heute gegen italien",
        "wie viel grad hat es morgen", "price of a big mac", "my head hurts what should i take",
    )  # fmt: skip
    assert {text: made for text in others if (made := calls(text))} == {}
    assert read_question(["gewinnt deutschland heute gegen italien"], IntentClassifier.load(), NOW).nearest == ()


def test_a_market_needs_no_coin_to_be_spoken_of(calls):
    ours = (
        "where are we headed tonight", "will it nosedive tonight", "is the market gonna nuke overnight",
        "wo geht die reise hin", "va-t-il plonger d'ici minuit ?", "se va a desplomar hoy?",
        "vai despencar até meia-noite?", "今晚会暴跌吗",
    )  # fmt: skip
    assert [text for text in ours if [name for name, _ in calls(text)] != ["forecast"]] == []
    assert calls("btc price", "will it keep bleeding")[0][0] == "forecast"


def test_a_number_alone_is_of_the_kind_that_was_asked_about(calls):
    assert (
        calls("chance btc drops 2% in 4h", "and 5?")[0][1] | {"hours": 4, "move_pct": 5.0}
        == (calls("chance btc drops 5% in 4h")[0][1])
    )
    assert calls("0.2 btc in usd", "what about 0.7") == calls("0.7 btc in usd")
    assert calls("eth next 2 hours", "and 6?") == calls("eth next 6 hours")


def test_how_far_a_price_is_says_nothing_of_another_coin(calls):
    assert calls("how far is btc from 60k", "and eth?") == [("get_price", {"symbol": "ETH-USD"})]


def test_more_than_so_many_dollars_compares_no_coins(calls):
    assert calls("eth price and will btc drop more than $500 in 3 hours") == [
        ("get_price", {"symbol": "ETH-USD"}),
        ("forecast", {"symbol": "BTC-USD", "hours": 3, "move": 500.0, "direction": "down"}),
    ]
    assert [name for name, _ in calls("which dropped more, btc or eth")] == ["compare"]


def test_markup_in_markup_is_no_question(calls):
    assert calls('{"name": "forecast", "arguments": {"symbol": "BTC-USD"}}') == []


GET, SPAN = "get_price", "get_candles"
BTC, ETH, TODAY = {"symbol": "BTC-USD"}, {"symbol": "ETH-USD"}, {"start": "2026-11-29T00:00Z"}


@pytest.mark.parametrize(
    ("turns", "call"),
    [
        (["hoogste btc koers vandaag"], (SPAN, BTC | TODAY)),
        (["ile kosztował bitcoin wczoraj o 18"], (GET, BTC | {"at": "2026-11-28T18:00Z"})),
        (["btc 4 saatte %2 düşer mi"], ("forecast", BTC | {"hours": 4, "move_pct": 2.0, "direction": "down"})),
        (["이더리움 3시간 뒤 예측"], ("forecast", ETH | {"hours": 3})),
        (["how far is btc from 60k"], (GET, BTC | {"to": 60000.0})),
        (["cuánto le falta a btc para llegar a 70 mil"], (GET, BTC | {"to": 70000.0})),
        (["how much does eth have to rise to reach 3000"], (GET, ETH | {"to": 3000.0})),
        (["比特币离6万还有多远"], (GET, BTC | {"to": 60000.0})),
        (["average btc price today"], (SPAN, BTC | TODAY)),
        (["durchschnittspreis von btc heute"], (SPAN, BTC | TODAY)),
        (["will btc drop more than a thousand dollars in 3 hours"],
         ("forecast", BTC | {"hours": 3, "move": 1000.0, "direction": "down"})),
        (["steigt eth in 4 stunden um mehr als 50 dollar"],
         ("forecast", ETH | {"hours": 4, "move": 50.0, "direction": "up"})),
        (["chance of btc touching a drop of $700 within 6h"],
         ("forecast", BTC | {"hours": 6, "move": 700.0, "direction": "down", "touch": True})),
        (["3/4 eth in dollars"], (GET, ETH | {"amount": 0.75, "amount_in": "coin"})),
        (["75k doge in usd"], (GET, {"symbol": "DOGE-USD", "amount": 75000.0, "amount_in": "coin"})),
        (["eth in 4h", "90% range?"], ("forecast", ETH | {"hours": 4, "level": 90.0, "side": "range"})),
        (["eth yesterday at 3pm", "and the day before"], (GET, ETH | {"at": "2026-11-27T15:00Z"})),
        (["will btc touch 66k in 3h", "what about 65500"],
         ("forecast", BTC | {"hours": 3, "threshold": 65500.0, "touch": True})),
        (["what did eth trade at 2 days ago at noon"], (GET, ETH | {"at": "2026-11-27T12:00Z"})),
        (["btc all time high"], (SPAN, BTC | {"hours": 300})),
    ],
)  # fmt: skip
def test_kinds_that_a_later_set_missed_are_read_too(calls, turns, call):
    assert calls(*turns) == [call]


def test_a_comparison_takes_a_further_coin_and_another_span(calls):
    coins = {"symbols": ["BTC-USD", "ETH-USD", "SOL-USD"], "by": "move"}
    assert calls("btc vs eth today", "sol too", "this week") == [("compare", coins | {"hours": 168})]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("how much did btc move in the last 30 minutes", "13:10"),
        ("what did btc do in the past 15 min", "13:25"),
        ("wie hat sich btc in den letzten 90 minuten bewegt", "12:10"),
        ("btc ces 20 dernières minutes", "13:20"),
        ("btc over the last three and a half hours", "10:10"),
        ("过去30分钟比特币怎么样", "13:10"),
        ("btc price || what about the past 30 min", "13:10"),
        ("btc next hour || and the last 20 minutes", "13:20"),
        ("btc last 3 minutes", "13:30"),  # in ten, a candle has closed
    ],
)
def test_minutes_of_the_past_are_told_from_their_first_one(calls, text, start):
    assert calls(*text.split(" || ")) == [("get_candles", BTC | {"start": f"2026-11-29T{start}Z"})]


@pytest.mark.parametrize(
    "text",
    [
        "when will btc hit 60k", "in how many hours will btc reach 60k", "how long until btc gets to 60000",
        "but when will btc hit 60k", "how many minutes until btc is at 60000",
        "wann erreicht btc 60000", "cuándo llegará btc a 60000", "quand btc atteindra-t-il 60000",
        "quando o btc chega a 60000", "比特币什么时候到6万",
    ],
)  # fmt: skip
def test_when_a_price_will_be_reached_is_told_as_far_as_can_be_seen(calls, text):
    assert calls(text) == [("forecast", BTC | {"hours": 24, "threshold": 60000.0, "touch": True})]


def test_an_alert_is_not_asked_when(asks):
    (ask,) = asks("tell me when btc is over 60k").asks
    assert (ask.intent, ask.hours, ask.touch) == (Intent.ALERT, None, False)


@pytest.mark.parametrize(
    "text",
    [
        "how accurate is the 6 hour forecast for ETH", "how good is the forecast for eth in 6 hours",
        "wie genau ist die 6-Stunden-Prognose für ETH", "qué tan fiable es el pronóstico de ETH a 6 horas",
        "quelle est la fiabilité de la prévision ETH à 6 heures", "qual a precisão da previsão de ETH para 6 horas",
        "以太坊6小时预测有多准",
    ],
)  # fmt: skip
def test_how_good_a_forecast_is_is_no_forecast(calls, text):
    assert calls(text) == [("track_record", ETH | {"hours": 6})]


@pytest.mark.parametrize("text", ["what was the biggest drop of eth today", "what is the biggest move eth made today"])
def test_the_largest_move_of_a_coin_that_is_named_is_no_comparison(calls, text):
    assert calls(text) == [("get_candles", ETH | {"start": "2026-11-29T00:00Z"})]


@pytest.mark.parametrize("text", ["median tomorrow 9am", "80% range by 9am tomorrow", "range for tomorrow 9am"])
def test_a_range_or_middle_of_a_time_to_come_is_a_forecast_of_the_usual_coin(calls, text):
    ((tool, asked),) = calls(text)
    assert (tool, asked["symbol"], asked["until"]) == ("forecast", "BTC-USD", "2026-11-30T09:00Z")


def test_a_difference_is_explained_although_prices_are_named(calls):
    text = "what's the difference between touching 70k and closing above it"
    assert calls(text, topics=lambda text: "touch") == [("explain", {"topic": "touch"})]
    assert calls("will btc touch 70k or close above it", topics=lambda text: "touch")[0][0] == "forecast"


def test_what_nothing_else_can_be_made_of_is_explained_where_its_topic_is_sure(calls):
    text = "does it know there is a fed meeting"
    assert calls(text, topics=lambda text: "news") == [("explain", {"topic": "news"})]
    assert calls(text) == []
