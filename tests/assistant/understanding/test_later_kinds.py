"""Kinds of questions that an eighth set showed to be misread: each in several languages."""

import pytest

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


def test_a_reminder_of_a_price_is_no_alert_and_an_alert_may_say_should(calls):
    assert calls("remind me what eth trades for") == [("get_price", ETH)]
    assert calls("buzz my phone should eth crack 2800") == [("get_price", ETH)]
