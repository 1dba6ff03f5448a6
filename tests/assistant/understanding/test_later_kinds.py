"""Kinds of questions that the eighth, ninth and tenth sets showed to be misread: each in several languages."""

import pytest

from tests.support.knowledge import KNOWLEDGE

BTC = {"symbol": "BTC-USD"}
ETH = {"symbol": "ETH-USD"}
COINS = {"symbols": ["BTC-USD", "ETH-USD"]}
MORNING = {"start": "2026-11-29T06:00Z", "end": "2026-11-29T12:00Z"}
YESTERDAY = {"start": "2026-11-28T00:00Z", "end": "2026-11-29T00:00Z"}
EVENING = {"start": "2026-11-28T18:00Z", "end": "2026-11-29T00:00Z"}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("how did btc do this morning", MORNING),
        ("wie lief btc heute morgen", MORNING),
        ("precio de btc esta mañana", MORNING),
        ("今天早上比特币表现如何", MORNING),
        ("how did btc do yesterday evening", EVENING),
        ("comment a évolué btc hier soir", EVENING),
        ("btc low last night", {"start": "2026-11-28T20:00Z", "end": "2026-11-29T06:00Z"}),
        ("btc between noon and 1pm", {"start": "2026-11-29T12:00Z", "end": "2026-11-29T13:00Z"}),
        ("btc low from midnight to 6am", {"start": "2026-11-29T00:00Z", "end": "2026-11-29T06:00Z"}),
        ("btc between 8 and 10 this morning", {"start": "2026-11-29T08:00Z", "end": "2026-11-29T10:00Z"}),
        ("how has btc done since this morning", {"start": "2026-11-29T06:00Z"}),
        ("btc chart over the weekend", {"start": "2026-11-28T00:00Z"}),
    ],
)
def test_a_part_of_a_day_that_has_passed_is_a_span(calls, text, span):
    assert calls(text) == [("get_candles", BTC | span)]


def test_this_morning_lasts_until_now_where_it_is_not_over_and_a_price_is_of_one_moment(calls):
    assert calls("how did btc do this morning", zone="America/New_York") == [
        ("get_candles", BTC | {"start": "2026-11-29T11:00Z"})
    ]
    assert calls("price of btc yesterday evening") == [("get_price", BTC | {"at": "2026-11-28T20:00Z"})]
    assert calls("what had you predicted for btc at noon") == [("track_record", BTC | {"at": "2026-11-29T12:00Z"})]


@pytest.mark.parametrize(
    ("turns", "call"),
    [
        (("how did btc do yesterday", "and what's eth now"), ("get_price", ETH)),
        (("wie lief btc gestern", "und was kostet eth jetzt"), ("get_price", ETH)),
        (("quanto vale 1 eth", "e 12?"), ("get_price", ETH | {"amount": 12, "amount_in": "coin"})),
        (("chance btc above 65k in 4h", "and 66?"), ("forecast", BTC | {"hours": 4, "threshold": 66000.0})),
        (
            ("eth 2% drop in 6 hours?", "and a rise of that size"),
            ("forecast", ETH | {"hours": 6, "move_pct": 2.0, "direction": "up"}),
        ),
        (("high of eth yesterday", "when exactly was that"), ("get_candles", ETH | YESTERDAY)),
        (("hoch von eth gestern", "wann war das"), ("get_candles", ETH | YESTERDAY)),
        (("btc forecast 4h", "hourly please"), ("forecast", BTC | {"hours": 4, "path": True})),
    ],
)  # fmt: skip
def test_a_short_turn_changes_one_thing(calls, turns, call):
    assert calls(*turns) == [call]


@pytest.mark.parametrize(
    "text",
    [
        "which barely budged today, btc or eth",
        "welcher hat sich heute am wenigsten bewegt, btc oder eth",
        "¿cuál rindió mejor hoy, btc o eth?",
        "今日一番上がったのはBTC、ETHのどれ？",
        "哪个今天变动最小，比特币还是以太坊",
    ],
)
def test_which_of_several_coins_is_a_comparison_whatever_its_verb(calls, text):
    assert calls(text) == [("compare", COINS | {"by": "move", "start": "2026-11-29T00:00Z"})]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("who moved more yesterday, btc or eth", YESTERDAY),
        ("btc vs eth this morning, which did better", {"start": "2026-11-29T06:00Z", "end": "2026-11-29T12:00Z"}),
        ("btc oder eth, wer ist gestern mehr gestiegen", YESTERDAY),
        ("¿quién subió más ayer, btc o eth?", YESTERDAY),
        ("btc ou eth, lequel a le plus monté hier ?", YESTERDAY),
        ("btc ou eth, quem subiu mais ontem?", YESTERDAY),
        ("昨天BTC和ETH谁涨得多", YESTERDAY),
        ("btc vs eth since friday", {"start": "2026-11-27T00:00Z"}),
        ("which moved more over 12 hours, btc or eth", {"hours": 12}),
    ],
)
def test_coins_are_compared_over_the_days_that_are_named(calls, text, asked):
    assert calls(text) == [("compare", COINS | {"by": "move"} | asked)]


def test_a_comparison_is_turned_to_another_day(calls):
    assert calls("btc or eth, which did better?", "and yesterday?") == [("compare", COINS | {"by": "move"} | YESTERDAY)]
    assert calls("btc or eth, which did better yesterday?", "which was calmer?") == [
        ("compare", COINS | {"by": "volatility"} | YESTERDAY)
    ]


def test_how_forecasts_and_prices_compare_has_no_day_of_the_past(calls):
    for text in ("which is forecast better today, btc or eth", "which costs more today, btc or eth"):
        assert all(args.keys() & {"start", "end"} == set() for _, args in calls(text))


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("two hour outlook: dot and near", ["DOT-USD", "NEAR-USD"]),
        ("does link go up in two hours", ["LINK-USD"]),
        ("kann link in 2 stunden steigen", ["LINK-USD"]),
        ("forecast for link two hours from now", ["LINK-USD"]),
    ],
)
def test_an_everyday_word_that_acts_is_a_coin(calls, text, symbols):
    assert calls(text) == [("forecast", {"symbol": symbol, "hours": 2}) for symbol in symbols]


@pytest.mark.parametrize("text", ["what can i link to here", "can you link me to the docs"])
def test_an_everyday_word_that_acts_on_something_is_none(calls, text):
    assert all("symbol" not in args for _, args in calls(text))


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("which price has only a 10% chance of being exceeded by btc in 3h", "above"),
        ("which btc level has a 10% chance of being broken to the downside in 3h", "below"),
    ],
)
def test_a_price_that_is_rarely_passed_is_that_of_the_chance(calls, text, side):
    assert calls(text) == [("forecast", BTC | {"hours": 3, "level": 10.0, "side": side})]


@pytest.mark.parametrize(
    "text",
    [
        "chance btc neither falls under 62000 nor rises over 67000 in 3h",
        "btc strangle at 62k and 67k, chance both legs expire worthless in 3h",
        "btc somewhere from 62,000 up to 67,000 in 3h",
    ],
)
def test_two_prices_are_a_band_however_they_are_joined(calls, text):
    assert calls(text) == [("forecast", BTC | {"hours": 3, "between": [62000.0, 67000.0]})]


@pytest.mark.parametrize(
    "text",
    ["danke dir, bis morgen!", "merci, à demain !", "gracias, hasta mañana", "谢谢，明天见", "спасибо, до завтра"],
)
def test_a_farewell_until_tomorrow_asks_for_no_forecast(calls, text):
    assert calls(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "if i put 500 dollars into eth, how much would i hold",
        "si j'investis 500 dollars en ether, combien j'en ai",
        "wenn ich 500 dollar in eth stecke, wie viel habe ich dann",
    ],
)
def test_an_amount_in_an_if_is_that_of_the_question(calls, text):
    assert calls(text) == [("get_price", ETH | {"amount": 500.0, "amount_in": "quote"})]


def test_what_lies_beyond_a_day_or_sounds_like_the_record_may_be_explained(calls):
    ahead = [("explain", {"topic": "further-ahead", "language": "de"})]
    assert calls("kannst du nächste woche vorhersagen", topics=lambda text: "further-ahead") == ahead
    api = [("explain", {"topic": "rest-api"})]
    assert calls("can i use your forecasts in my script", topics=lambda text: "rest-api") == api
    asked = calls("how did your last forecasts turn out", topics=lambda text: "track-record")
    assert asked == [("track_record", BTC | {"last": 24})]


def test_a_wide_range_of_a_coin_is_explained_and_shown(calls):
    wide = calls("why is your range so wide for eth", topics=lambda text: "ranges")
    assert wide == [("explain", {"topic": "ranges"}), ("forecast", ETH | {"hours": 1})]


@pytest.mark.parametrize(
    "text",
    [
        "why is my 80 % range so wide",
        "warum ist die 80 %-Spanne so breit",
        "por qué es tan ancho el rango del 80 %",
        "pourquoi la fourchette à 80 % est si large",
        "porque o intervalo de 80 % é tão largo",
        "为什么80%的区间这么宽",
    ],
)
def test_why_a_range_of_some_chance_is_wide_is_explained(calls, text):
    ((tool, asked),) = calls(text, topics=lambda text: KNOWLEDGE.find(text)[0].topic)
    assert (tool, asked["topic"]) == ("explain", "ranges")


def test_a_reminder_of_a_price_is_no_alert_and_an_alert_may_say_should(calls):
    assert calls("remind me what eth trades for") == [("get_price", ETH)]
    assert calls("buzz my phone should eth crack 2800") == [("get_price", ETH)]


@pytest.mark.parametrize(
    "text",
    [
        "btc in euro today", "btc heute in euro", "bitcoin en euros hoy", "prix du btc en euros aujourd'hui",
        "bitcoin em euros hoje", "bitcoin in euro oggi",
    ],
)  # fmt: skip
def test_the_price_in_another_currency_today_is_that_of_now(calls, text):
    assert calls(text) == [("get_price", BTC | {"currency": "EUR"})]


@pytest.mark.parametrize(
    "text",
    [
        "what is your forecast for btc tonight", "quelle est ta prévision pour le btc cette nuit",
        "your forecast for btc tonight please", "cuál es tu pronóstico para btc esta noche",
        "btc heute noch, deine prognose",
    ],
)  # fmt: skip
def test_your_forecast_for_a_time_to_come_is_no_record(calls, text):
    assert calls(text) == [("forecast", BTC | {"until": "2026-11-30T00:00Z"})]


@pytest.mark.parametrize(
    "text",
    [
        "doge 0.16 in 5 hours possible?", "doge 0,16 in 5 stunden möglich?", "doge 0.16 dans 5 heures possible ?",
        "does doge hold 0.16 for 5 hours", "hält doge 0,16 in den nächsten 5 stunden?",
    ],
)  # fmt: skip
def test_a_small_number_beside_its_coin_is_a_price_where_odds_are_asked(calls, text):
    held = {"touch": True} if "hold" in text or "hält" in text else {}
    assert calls(text) == [("forecast", {"symbol": "DOGE-USD", "hours": 5, "threshold": 0.16} | held)]


@pytest.mark.parametrize(
    "text",
    [
        "btc chart", "ビットコインのチャート", "btc grafiği göster", "wykres bitcoina", "비트코인 차트",
        "laat de grafiek van btc zien", "how are the crypto markets", "cómo está el mercado cripto", "加密市场怎么样",
    ],
)  # fmt: skip
def test_a_chart_and_the_market_are_candles_in_every_language(calls, text):
    assert ("get_candles", BTC | {"hours": 24}) in calls(text)


@pytest.mark.parametrize(
    "text",
    [
        "which coin is most volatile", "welche kryptowährung schwankt am meisten", "quelle crypto est la plus volatile",
        "qual moeda é a mais volátil", "qué moneda es la más volátil", "哪个币波动最大",
        "какая монета самая волатильная",
    ],
)  # fmt: skip
def test_which_of_all_coins_is_no_question_about_the_service(calls, text):
    ((tool, asked),) = calls(text, topics=lambda text: "coins")
    assert tool == "compare" and asked["by"] == "volatility"


@pytest.mark.parametrize(
    "more", ["what is it good for", "wofür braucht man das", "et ça sert à quoi ?", "有什么用", "i don't get it"]
)
def test_what_was_just_explained_is_told_again_where_more_is_wanted(calls, more):
    ((tool, asked),) = calls("what is crps", more, topics=lambda text: "crps" if "crps" in text else None)
    assert (tool, asked["topic"]) == ("explain", "crps")


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("chance btc stays above 60k until 8pm", False),
        ("chance btc does not fall below 60k by 8pm", False),
        ("will btc hold 60k until 8pm", False),
        ("will btc never go above 70k by 8pm", True),
        ("bleibt btc bis 20 uhr über 60000?", False),
        ("wie wahrscheinlich fällt btc bis 20 uhr nicht unter 60000", False),
        ("se mantendrá btc por encima de 60000 hasta las 20h", False),
        ("btc restera-t-il en dessous de 70000 jusqu'à 20h", True),
        ("o btc vai se manter acima de 60000 até 20h?", False),
        ("比特币到20点能守住60000吗", False),
    ],
)
def test_a_price_that_is_to_hold_all_the_way_is_not_to_be_touched(calls, asks, text, below):
    price = 70000.0 if below else 60000.0
    until = {"until": "2026-11-29T20:00Z", "threshold": price, "touch": True}
    assert [(tool, {n: v for n, v in asked.items() if n != "language"}) for tool, asked in calls(text)] == [
        ("forecast", BTC | until)
    ]
    (ask,) = asks(text).asks
    assert ask.stays and ask.below is below


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("will btc stay between 60k and 66k until 8pm", True),
        ("does btc leave 60k-66k before 8pm", True),
        ("bleibt btc bis 20 uhr zwischen 60000 und 66000?", True),
        ("se mantendrá btc entre 60 mil y 66 mil hasta las 20h", True),
        ("est-ce que btc reste entre 60000 et 66000 jusqu'à 20h", True),
        ("o btc fica entre 60 mil e 66 mil até 20h?", True),
        ("比特币到20点会保持在60000到66000之间吗", True),
        ("will btc close between 60k and 66k at 8pm", False),
        ("will btc be between 60k and 66k at 8pm", False),
        ("will btc stay above 60k and close between 60k and 66k at 8pm", False),
    ],
)
def test_two_prices_that_are_to_hold_all_the_way_are_told_apart_from_a_close_between_them(asks, text, stays):
    (ask,) = asks(text).asks
    assert (ask.between, ask.stays) == ((60000.0, 66000.0), stays)


SOL_145 = {"symbol": "SOL-USD", "hours": 8, "threshold": 145.0}


@pytest.mark.parametrize(
    ("turns", "call"),
    [
        (("what was eth at 9 this morning", "and now?"), ("get_price", ETH)),
        (("qué precio tenía eth a las 9 de hoy", "¿y ahora?"), ("get_price", ETH)),
        (("btc 90% range in 6 hours", "80 is enough"),
         ("forecast", BTC | {"hours": 6, "level": 80.0, "side": "range"})),
        (("will sol touch 145 in 8 hours", "and close above it?"), ("forecast", SOL_145)),
        (("will sol close above 145 in 8 hours", "i mean touch it any time"), ("forecast", SOL_145 | {"touch": True})),
        (("will sol touch 145 in 8 hours", "and by the end of the day?"),
         ("forecast", {"symbol": "SOL-USD", "until": "2026-11-30T00:00Z", "threshold": 145.0, "touch": True})),
        (("ada in 4 hours", "what would 1000 of them be worth then"),
         ("forecast", {"symbol": "ADA-USD", "hours": 4, "amount": 1000.0, "amount_in": "coin"})),
        (("btc at 5pm", "new york time i mean"), ("forecast", BTC | {"until": "2026-11-29T22:00Z"})),
        (("eth at 8pm", "in tokyo time i mean"), ("forecast", ETH | {"until": "2026-11-30T11:00Z"})),
        (("i have 2 btc, what are they worth", "how much could i lose by midnight"),
         ("forecast", BTC | {"until": "2026-11-30T00:00Z", "amount": 2.0, "amount_in": "coin"})),
        (("btc price", "what's that in eth"), ("get_price", BTC | {"currency": "ETH"})),
        (("tell me when btc hits 70k", "and the chance it gets there today"),
         ("forecast", BTC | {"until": "2026-11-30T00:00Z", "threshold": 70000.0, "touch": True})),
        (("sol in 5 hours", "what's the chance of a fall"), ("forecast", {"symbol": "SOL-USD", "hours": 5})),
        (("what was btc 3 hours ago", "how much has it moved since"),
         ("get_candles", BTC | {"start": "2026-11-29T10:40Z"})),
        (("btc in 3 hours", "auf deutsch bitte"), ("forecast", BTC | {"hours": 3})),
        (("precio de eth", "can you say that in english"), ("get_price", ETH)),
    ],
)  # fmt: skip
def test_a_turn_takes_back_or_adds_one_thing_and_keeps_the_rest(calls, turns, call):
    assert calls(*turns) == [call]


def test_a_zone_that_is_meant_is_named(asks):
    (ask,) = asks("btc at 5pm", "new york time i mean").asks
    assert ask.zone == "America/New_York"


def test_a_language_that_is_asked_for_is_the_answers(asks):
    asked = asks("precio de eth", "can you say that in german?")
    assert asked.language == "de" and [ask.symbols for ask in asked.asks] == [("ETH-USD",)]
    assert asks("btc price", "in germany").language == "en"


@pytest.mark.parametrize("again", ["auf deutsch bitte", "tell me more"])
def test_what_is_told_again_is_what_was_told_last(calls, again):
    def topics(text):
        return "crps" if "crps" in text else None

    ((tool, asked),) = calls("btc price", "what is crps", again, topics=topics)
    assert (tool, asked["topic"]) == ("explain", "crps")
    assert len(calls("btc price and eth price", again)) == 2


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("P(2.0 < XRP < 2.2), 12h", {"symbol": "XRP-USD", "hours": 12, "between": [2.0, 2.2]}),
        ("what price is eth only 10% likely to exceed in 6 hours", ETH | {"hours": 6, "level": 10.0, "side": "above"}),
        ("btc's 5% quantile 8 hours out", BTC | {"hours": 8, "level": 5.0, "side": "below"}),
        ("5th percentile of btc in 8 hours", BTC | {"hours": 8, "level": 5.0, "side": "below"}),
        ("chance btc falls 5% before tomorrow",
         BTC | {"until": "2026-11-30T00:00Z", "move_pct": 5.0, "direction": "down"}),
        ("could eth fall one percent in 2 hours", ETH | {"hours": 2, "move_pct": 1.0, "direction": "down"}),
        ("eth later?", ETH | {"hours": 1}),
    ],
)  # fmt: skip
def test_bounds_quantiles_and_vague_times_are_those_of_a_forecast(calls, text, call):
    assert calls(text) == [("forecast", call)]


@pytest.mark.parametrize("more", ["why should i care", "why is that important", "what is it for"])
def test_what_is_asked_of_a_term_in_the_same_breath_is_told_with_it(calls, more):
    assert calls(f"what's mape and {more}") == [("explain", {"topic": "mape"})]


@pytest.mark.parametrize(
    "text",
    [
        "500ドルでイーサリアムはいくつ買える",
        "500달러로 이더리움 얼마나 살 수 있어",
        "сколько эфира купить на 500 долларов",
    ],
)
def test_coins_for_money_are_an_amount_in_guests_languages(calls, text):
    assert calls(text) == [("get_price", ETH | {"amount": 500.0, "amount_in": "quote"})]


@pytest.mark.parametrize(
    "text",
    [
        "does my limit at 2500 on eth get filled in 5 hours",
        "wird mein Limit bei 2.500 für ETH in 5 Stunden ausgeführt?",
    ],
)
def test_an_order_that_fills_is_a_touch(calls, text):
    assert calls(text) == [("forecast", ETH | {"hours": 5, "threshold": 2500.0, "touch": True})]


def test_a_count_after_a_price_is_an_amount_and_how_far_this_week_is_the_past(calls):
    assert calls("eth price", "how much for 3") == [("get_price", ETH | {"amount": 3, "amount_in": "coin"})]
    assert calls("de combien l'eth a bougé cette semaine") == [("get_candles", ETH | {"hours": 168})]


@pytest.mark.parametrize(
    "text",
    [
        "i bought 2 eth yesterday at noon, am i in profit",
        "2 eth bought yesterday 12:00, what's it worth now",
        "hab gestern um 12 uhr 2 eth gekauft, bin ich im plus?",
        "compré 2 eth ayer a las 12, ¿gano o pierdo?",
        "j'ai acheté 2 eth hier à midi, suis-je en gain ?",
        "comprei 2 eth ontem ao meio-dia, estou no lucro?",
        "我昨天中午买了2个以太坊，现在赚了吗",
    ],
)
def test_what_became_of_a_purchase_is_told_of_its_moment_and_amount(calls, text):
    bought = {"at": "2026-11-28T12:00Z", "amount": 2.0, "amount_in": "coin"}
    assert calls(text) == [("get_price", ETH | bought)]


def test_a_purchase_of_a_vague_time_is_of_its_beginning(calls):
    bought = {"amount": 2.0, "amount_in": "coin"}
    assert calls("bought 2 eth last night, am i up?") == [("get_price", ETH | bought | {"at": "2026-11-28T20:00Z"})]
    assert calls("am i up on 2 eth since yesterday") == [("get_price", ETH | bought | {"at": "2026-11-28T00:00Z"})]


def test_whether_to_buy_what_was_dear_then_is_advice(calls):
    assert ("get_price", ETH | {"at": "2026-11-28T12:00Z"}) not in calls("should i buy 2 eth at yesterday noon's price")


@pytest.mark.parametrize(
    "text",
    [
        "btc on christmas day",
        "will btc be above 70k by christmas",
        "was kostet btc an weihnachten",
        "precio de btc en navidad",
        "btc à noël ?",
        "quanto vale btc no natal",
        "圣诞节比特币会到多少",
        "btc on new year's eve",
    ],
)
def test_a_holiday_is_a_date_beyond_reach_and_no_island(calls, text):
    [(tool, args)] = calls(text)
    assert tool == "forecast" and args["hours"] == 24 and "until" not in args


def test_a_liquidation_at_a_price_is_a_touch_of_it_and_no_amount(calls):
    assert calls("liquidation at 55k on btc") == [("forecast", BTC | {"hours": 1, "threshold": 55000.0, "touch": True})]


def test_how_high_a_chance_is_asks_for_no_high(calls):
    assert calls("Wie hoch ist die Chance auf 58.000 bis heute Abend?") == [
        ("forecast", BTC | {"until": "2026-11-29T20:00Z", "threshold": 58000.0})
    ]


def test_what_is_forecast_to_move_more_is_a_comparison_of_forecasts(calls):
    rest = {"by": "forecast", "hours": 10}  # of the day: it is 13:40
    assert calls("is btc or eth forecast to move more today") == [("compare", COINS | rest)]


@pytest.mark.parametrize(
    "turns",
    [
        ("how much is 2 eth", "what if i have 4"),
        ("how much is 2 eth", "and 4 of them?"),
        ("wie viel sind 2 eth wert", "und wenn ich 4 habe"),
        ("cuánto valen 2 eth", "¿y si tengo 4?"),
        ("combien valent 2 eth", "et si j'en ai 4 ?"),
        ("quanto valem 2 eth", "e se eu tiver 4?"),
        ("2个以太坊值多少", "如果我有4个呢"),
    ],
)
def test_a_number_after_an_amount_is_another_amount(calls, turns):
    assert calls(*turns) == [("get_price", ETH | {"amount": 4, "amount_in": "coin"})]


def test_a_forecast_of_a_price_or_an_amount_is_turned_to_a_touch_or_the_worst(calls):
    asked = BTC | {"until": "2026-11-29T20:00Z", "threshold": 60000.0}
    assert calls("btc above 60k by 8pm?", "and touch it?") == [("forecast", asked | {"touch": True})]
    held = BTC | {"until": "2026-11-29T20:00Z", "amount": 0.5, "amount_in": "coin"}
    assert calls("0.5 btc by 8pm", "worst case?") == [("forecast", held)]


@pytest.mark.parametrize("text", ["risk of a 3% loss on btc by 8pm", "Chance von 3 % Verlust bei btc bis 20 Uhr"])
def test_a_loss_of_a_percentage_is_a_move_down(calls, text):
    moved = {"until": "2026-11-29T20:00Z", "move_pct": 3.0, "direction": "down"}
    assert calls(text) == [("forecast", BTC | moved)]
