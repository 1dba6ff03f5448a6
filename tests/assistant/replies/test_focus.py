"""What was asked for stands in the first sentence: chances, levels, worth, moments, comparisons, outcomes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.replies.answers import from_results, without_tools
from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.market.candles import utc
from tests.support.conversations import focused
from tests.support.conversations.focused import odds
from tests.support.fakes import NOON
from tools.compare import LeftOut

CASES = {name: (ask, result) for name, ask, result in focused.focused()}
START = "Bitcoin is at $69,930.25 (Bitstamp, 12:00 UTC)"
RANGE = "; the 80 % range then is $66,500 to $73,500. "
RECORD = (
    'Over 21,765 unseen hours the model beat "no change" by 0.5 %: the direction is nearly a coin flip; '
    "its 80 % range held 80 % of the time."
)


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


def said(name, language=Language.ENGLISH, **changes):
    ask, result = CASES[name]
    return plain(from_results(Question((ask,), language, **changes), [result], []))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("between", "The chance that Bitcoin closes between $69,000 and $71,000 at 22:00 UTC (in 10 hours) is 42 %."),
        (
            "between, surely",
            "The chance that Bitcoin closes between $1,000 and $900,000 at 22:00 UTC (in 10 hours) is over 95 %.",
        ),
        (
            "between, hardly",
            "The chance that Bitcoin closes between $69,000 and $69,001 at 22:00 UTC (in 10 hours) is under 1 %.",
        ),
        ("chance above", "The chance that Bitcoin closes above $71,000 at 22:00 UTC (in 10 hours) is 30 %."),
        (
            "touch",
            "The chance that Bitcoin touches $71,000 by 22:00 UTC (in 10 hours) is 55 %; "
            "that it closes above it then, 30 %.",
        ),
        (
            "touch unknown",
            "The chance that Bitcoin closes above $71,000 at 22:00 UTC (in 10 hours) is 30 %; "
            "a touch on the way is likelier.",
        ),
        (
            "move up",
            "The chance that Bitcoin is at least 2 % higher at 22:00 UTC (in 10 hours), at $71,329 or more, is 12 %.",
        ),
        (
            "move down",
            "The chance that Bitcoin is at least 2 % lower at 22:00 UTC (in 10 hours), at $68,532 or less, is 12 %.",
        ),
        (
            "move either",
            "The chance that Bitcoin is at least 2 % higher or lower at 22:00 UTC (in 10 hours), beyond $68,532 or "
            "$71,329, is 12 %.",
        ),
    ],
)
def test_the_chance_that_was_asked_for_comes_first_then_start_and_range_then_the_record(name, first):
    assert said(name) == f"{first} {START}{RANGE}{RECORD}"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("level", "With a chance of 90 %, Bitcoin closes between $67,000 and $73,000 at 22:00 UTC (in 10 hours)."),
        ("level above", "With a chance of 90 %, Bitcoin closes above $67,000 at 22:00 UTC (in 10 hours)."),
        (
            "level below",
            "With a chance of 97.5 %, Bitcoin closes below $74,000 at 22:00 UTC (in 10 hours). "
            "For a chance above 97.5 % the forecast gives no prices.",
        ),
        (
            "level 99",
            "With a chance of 95 %, Bitcoin closes between $63,000 and $77,000 at 22:00 UTC (in 10 hours). "
            "For a chance above 95 % the forecast gives no prices.",
        ),
    ],
)
def test_the_prices_at_a_chance_come_first_as_far_as_they_are_known(name, first):
    assert said(name) == f"{first} {START}. {RECORD}"


def test_a_liquidation_is_the_chance_of_a_close_below_and_that_a_touch_is_likelier():
    ask = replace(CASES["touch unknown"][0], threshold=62_800.0, below=True, touch=True)
    answer = focused.forecast(odds(above=0.9, below=0.1), threshold=62_800.0, touch=True)
    assert plain(from_results(Question((ask,)), [answer], [])).startswith(
        "The chance that Bitcoin closes below $62,800 at 22:00 UTC (in 10 hours) is 10 %; a touch on the way "
        "is likelier. "
    )


@pytest.mark.parametrize(("below", "side"), [(None, "below"), (False, "above")])
def test_where_no_side_is_said_the_chance_is_that_of_the_side_that_is_further_away(below, side):
    answer = focused.forecast(odds(above=0.9, below=0.1), threshold=62_800.0)
    ask = replace(CASES["touch"][0], threshold=62_800.0, touch=False, below=below)
    assert f"closes {side} $62,800" in plain(from_results(Question((ask,)), [answer], []))


def test_a_price_below_is_touched_by_a_fall():
    answer = focused.forecast(odds(above=0.9, below=0.1), threshold=62_800.0, touch=True)
    ask = replace(CASES["touch"][0], threshold=62_800.0, touch=True)
    text = plain(from_results(Question((ask,)), [answer], []))
    assert "closes below $62,800" in text and "is 10 %; a touch on the way is likelier." in text


def test_a_price_that_is_passed_already_is_not_called_likelier_to_be_touched():
    answer = focused.forecast(odds(above=0.1, below=0.9), threshold=80_000.0, touch=True)
    ask = replace(CASES["touch"][0], threshold=80_000.0, below=True, touch=True)
    assert "touch" not in from_results(Question((ask,)), [answer], [])


def test_an_amount_is_told_with_its_worth_then_and_now_and_what_it_may_lose():
    worth = (
        "At 22:00 UTC (in 10 hours) 0.5 BTC will be worth $33,250 to $36,750 (80 % range, middle $35,000); "
        "now it is $34,965 (Bitstamp, 12:00 UTC)."
    )
    assert said("worth then") == (
        f"{worth} With a chance of 95 %, the loss by then is at most $2,105 (value at risk); on average, with gains "
        f"counted as none, it is $412. {RECORD}"
    )
    ask, answer = CASES["worth then"]
    text = plain(from_results(Question((replace(ask, direction="down"),)), [answer], []))
    assert text == (
        "With a chance of 95 %, the loss on 0.5 BTC until 22:00 UTC (in 10 hours) is at most $2,105 (value at risk); "
        "on average, with gains counted as none, it is $412. It will then be worth $33,250 to $36,750 (80 % range, "
        f"middle $35,000); now it is $34,965 (Bitstamp, 12:00 UTC). {RECORD}"
    )
    assert "$1,000 in Bitcoin will be worth $33,250" in said("stake")


def test_a_path_is_a_list_of_eight_hours_at_most():
    text = said("path")
    first, *lines, start = text.split("\n")
    assert first == "Bitcoin hour by hour (middle, then the 80 % range):" and start == f"{START}. {RECORD}"
    shown = [line for line in lines if line]
    assert len(shown) == 8 and shown[0] == "- 15:00 UTC: $70,000, $68,950 to $71,050"
    assert shown[-1] == "- 12:00 UTC on 20 March: $70,000, $61,600 to $78,400"
    near = plain(from_results(Question((Ask(Intent.FORECAST, path=True),)), [focused.forecast(hours=5, path=True)], []))
    assert near.count("\n- ") == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("worth", "0.3 BTC is worth $20,979.08 (Bitstamp, 12:03 UTC)."),
        ("buys", "$20 is worth 0.000286 BTC (Bitstamp, 12:03 UTC)."),
        ("euros", "Bitcoin is at 64,210.50 EUR (Kraken, 12:03 UTC)."),
        ("ratio", "Bitcoin is at 18.4488 ETH (Bitstamp, 12:03 UTC)."),
        (
            "no such rate",
            "Bitcoin is at $69,930.25, up 0.42 % over 24 hours (Bitstamp, 12:03 UTC). "
            "No exchange that I ask quotes Bitcoin in KZT.",
        ),
        ("past", "At 15:00 UTC on 18 March Bitcoin was at $69,512.40 (Bitstamp)."),
        (
            "span range",
            "Since 00:00 UTC Bitcoin went up 2.09 %, from $68,500.00 to $69,930.25, between a low of "
            "$68,310.00 and a high "
            "of $70,420.18 (Bitstamp, 12:00 UTC). The high came at 09:00 UTC, the low at 03:00 UTC.",
        ),
        (
            "span above",
            "Since 00:00 UTC the high of Bitcoin was $70,420.18, at 09:00 UTC; the low was $68,310.00, at 03:00 UTC "
            "(Bitstamp, 12:00 UTC). The last close, $69,930.25, is 0.70 % below the high.",
        ),
        (
            "span below",
            "Since 00:00 UTC the low of Bitcoin was $68,310.00, at 03:00 UTC; the high was $70,420.18, at 09:00 UTC "
            "(Bitstamp, 12:00 UTC). The last close, $69,930.25, is 2.37 % above the low.",
        ),
        (
            "two prices",
            "1 BTC is worth 18.4488 ETH. Bitcoin $69,930.25, Ethereum $3,790.50 (Bitstamp, 12:00 UTC).",
        ),
        (
            "asked, inside",
            "For 13:00 UTC on 19 March the forecast put Bitcoin between $69,650 and $70,350 (80 % range, "
            "middle $70,000); "
            "it closed at $70,010.00, inside.",
        ),
        (
            "asked, outside",
            "For 13:00 UTC on 19 March the forecast put Bitcoin between $69,650 and $70,350 (80 % range, "
            "middle $70,000); "
            "it closed at $71,000.00, outside.",
        ),
        (
            "asked, open",
            "For 13:00 UTC on 19 March the forecast puts Bitcoin between $69,650 and $70,350 (80 % range, middle "
            "$70,000); there is no close yet.",
        ),
        ("asked, none", "I have no live forecast of Bitcoin for 13:00 UTC on 19 March."),
    ],
)
def test_prices_and_outcomes_are_told_in_one_breath_with_time_and_source(name, text):
    assert said(name) == text


def test_the_volatility_comes_first_where_it_was_asked_for():
    assert said("volatility") == "Since 00:00 UTC the volatility of Bitcoin was 0.43 % an hour (Bitstamp, 12:00 UTC)."


@pytest.mark.parametrize(
    ("by", "least", "text"),
    [
        (
            "price",
            False,
            "Bitcoin has the highest price: Bitcoin $69,930.25, Ethereum $3,790.50 (Bitstamp, 12:00 UTC).",
        ),
        (
            "move",
            False,
            "Over the last 24 hours Ethereum did best: Ethereum +2.10 %, Bitcoin -0.30 % (Bitstamp, 12:00 UTC).",
        ),
        (
            "move",
            True,
            "Over the last 24 hours Bitcoin moved least: Bitcoin -0.30 %, Ethereum +2.10 % (Bitstamp, 12:00 UTC).",
        ),
        (
            "volatility",
            False,
            "Over the last 24 hours Ethereum was the most volatile: Ethereum 0.61 %, Bitcoin 0.43 % an hour (Bitstamp, "
            "12:00 UTC).",
        ),
        (
            "forecast",
            True,
            "Bitcoin has the narrowest 80 % range for 24 hours ahead, in percent of its price: Bitcoin 1.90 "
            "%, Ethereum "
            "2.80 % (Bitstamp, 12:00 UTC). Chance of going up (24 hours ahead): Bitcoin 51 %, Ethereum 49 %.",
        ),
        (
            "record",
            False,
            'Bitcoin is forecast best beside "no change" on unseen hours: Bitcoin +0.6 %, Ethereum -1.2 %.',
        ),
    ],
)
def test_a_comparison_names_who_is_ahead_with_the_figures_of_all(by, least, text):
    ask = Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by=by, worst=least)
    assert plain(from_results(Question((ask,)), [focused.comparison(by)], [])) == text


@pytest.mark.parametrize(
    ("direction", "farthest", "first"),
    [
        ("either", False, "Chance of going up (24 hours ahead): Bitcoin 51 %, Ethereum 49 %."),
        ("down", False, "Chance of going up (24 hours ahead): Ethereum 49 %, Bitcoin 51 %."),
        ("either", True, "Ethereum has the widest 80 % range"),
    ],
)
def test_forecasts_beside_each_other_tell_first_who_may_rise_unless_their_width_is_asked(direction, farthest, first):
    ask = Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by="forecast", direction=direction, farthest=farthest)
    assert plain(from_results(Question((ask,)), [focused.comparison("forecast")], [])).startswith(first)


def test_the_coin_that_moved_most_moved_farthest_up_or_down():
    found = focused.comparison("move")
    bitcoin, ether = found.rows
    found = found.model_copy(update={"rows": (bitcoin.model_copy(update={"change_pct": -3.0}), ether)})
    ask = Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by="move", farthest=True)
    text = plain(from_results(Question((ask,)), [found], []))
    assert text.startswith("Over the last 24 hours Bitcoin moved most: Bitcoin -3.00 %, Ethereum +2.10 %")


def test_coins_are_compared_over_a_day_or_since_a_moment():
    midnight, noon = utc(NOON - 12 * 3600), utc(NOON)
    ask = Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by="move", start=midnight)
    day = focused.comparison("move").model_copy(update={"start": midnight - timedelta(days=1), "end": midnight})
    assert plain(from_results(Question((ask,)), [day], [])).startswith("On 18 March (UTC) Ethereum did best: ")
    today = day.model_copy(update={"start": midnight, "end": noon})
    assert plain(from_results(Question((ask,)), [today], [])).startswith("Since 00:00 UTC Ethereum did best: ")


def test_the_coin_that_fell_most_did_worst():
    ask = Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by="move", direction="down")
    text = plain(from_results(Question((ask,)), [focused.comparison("move")], []))
    assert text.startswith("Over the last 24 hours Bitcoin did worst: Bitcoin -0.30 %, Ethereum +2.10 %")


def test_an_amount_of_then_is_told_as_of_then_and_what_became_of_it():
    assert said("bought") == (
        "At 15:00 UTC on 18 March Bitcoin was at $69,512.40 (Bitstamp). 0.5 BTC was worth $34,756.20 then. "
        "It is worth $34,965.12 now, a change of +0.60 % (Bitstamp, 12:03 UTC)."
    )


def test_an_amount_of_then_in_another_currency_is_told_beside_the_price_now():
    then = focused.price(close_then=60_000.0, close_time=utc(NOON), amount=0.5, amount_in="coin", value=30_000.0)
    text = plain(from_results(Question((Ask(Intent.PRICE, at=utc(NOON)),)), [then], []))
    assert "0.5 BTC was worth $30,000.00 then. Bitcoin is at $" in text


def test_a_coin_that_could_not_be_compared_is_named():
    found = focused.comparison("move").model_copy(update={"left_out": (LeftOut(symbol="SOL-USD", reason="No."),)})
    text = from_results(Question((Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD", "SOL-USD")),)), [found], [])
    assert text.endswith(" I could not get the price of Solana.")


def test_the_worst_miss_comes_first():
    missed = focused.kept(75_000.0)
    answer = focused.settled(missed, focused.kept(70_010.0))
    text = plain(from_results(Question((Ask(Intent.TRACK_RECORD, worst=True),)), [answer], []))
    assert text.startswith(
        "The worst miss of the newest 2 live forecasts of Bitcoin: forecast $70,000.00, close $75,000.00 at "
        "13:00 UTC on "
        "19 March, so 6.67 % too low. Of the newest 2 live forecasts"
    )


@pytest.mark.parametrize(
    ("language", "between", "worth", "past"),
    [
        (
            Language.SPANISH,
            "Probabilidad de que Bitcoin cierre entre 69.000 $ y 71.000 $ a las 22:00 UTC (en 10 horas): 42 %.",
            "El valor de 0,3 BTC es de 20.979,08 $ (Bitstamp, 12:03 UTC).",
            "A las 15:00 UTC del 18 de marzo, Bitcoin estaba en 69.512,40 $ (Bitstamp).",
        ),
        (
            Language.GERMAN,
            "Die Chance, dass Bitcoin um 22:00 UTC (in 10 Stunden) zwischen 69.000 $ und 71.000 $ schließt, "
            "liegt bei 42 %.",
            "Der Wert von 0,3 BTC ist 20.979,08 $ (Bitstamp, 12:03 UTC).",
            "Um 15:00 UTC am 18. März stand Bitcoin bei 69.512,40 $ (Bitstamp).",
        ),
        (
            Language.FRENCH,
            "Probabilité que le Bitcoin clôture entre 69 000 $ et 71 000 $ à 22:00 UTC (dans 10 heures) : 42 %.",
            "La valeur de 0,3 BTC est de 20 979,08 $ (Bitstamp, 12:03 UTC).",
            "À 15:00 UTC le 18 mars, le Bitcoin était à 69 512,40 $ (Bitstamp).",
        ),
        (
            Language.PORTUGUESE,
            "A chance de o Bitcoin fechar entre US$ 69.000 e US$ 71.000 às 22:00 UTC (em 10 horas) é de 42%.",
            "O valor de 0,3 BTC é de US$ 20.979,08 (Bitstamp, 12:03 UTC).",
            "Às 15:00 UTC de 18 de março, o Bitcoin estava em US$ 69.512,40 (Bitstamp).",
        ),
        (
            Language.CHINESE,
            "比特币在UTC 22:00（10小时后）收于69,000美元至71,000美元之间的概率42%。",
            "0.3 BTC相当于20,979.08美元（Bitstamp，UTC 12:03）。",
            "UTC 3月18日 15:00，比特币为69,512.40美元（Bitstamp）。",
        ),
    ],
)
def test_what_was_asked_for_comes_first_in_every_language(language, between, worth, past):
    assert said("between", language).startswith(between)
    assert said("worth", language) == worth
    assert said("past", language) == past


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.ENGLISH, 'I took "overnight" as 8 hours.'),
        (Language.SPANISH, "Tomé «durante la noche» como 8 horas."),
        (Language.GERMAN, "Ich habe „über Nacht“ als 8 Stunden verstanden."),
        (Language.FRENCH, "J’ai compris « pendant la nuit » comme 8 heures."),
        (Language.PORTUGUESE, "Entendi “durante a noite” como 8 horas."),
        (Language.CHINESE, "“一夜”按8小时理解。"),
    ],
)
def test_what_a_vague_word_was_taken_for_is_said(language, told):
    assert told in said("assumed", language)


def test_a_vague_time_of_day_is_told_as_the_time_it_was_taken_for():
    ask = replace(CASES["between"][0], assumed="tonight")
    text = from_results(Question((ask,), zone="Europe/Berlin"), [CASES["between"][1]], [])
    assert 'I took "tonight" as 23:00 CET.' in text


def test_what_a_word_was_taken_for_is_not_said_of_a_forecast_for_another_time():
    ask = replace(CASES["assumed"][0], hours=3)
    assert "overnight" not in from_results(Question((ask,)), [CASES["assumed"][1]], [])


def test_the_record_is_told_once_in_a_conversation_and_a_bad_one_is_remembered():
    assert said("between", record_told=True).endswith(RANGE.strip())
    ask, answer = CASES["between"]
    skill = answer.forecast.skill.model_copy(update={"value": -0.05, "ci_low": -0.07, "ci_high": -0.03})
    worse = answer.model_copy(update={"forecast": answer.forecast.model_copy(update={"skill": skill})})
    text = from_results(Question((ask,), record_told=True), [worse], [])
    assert text.endswith("The last close is still the better guess.") and "unseen hours" not in text


def test_more_is_told_where_more_is_asked_for():
    text = said("between", more=True)
    assert "The 95 % range is $63,000 to $77,000; a typical move is 0.32 %." in text and text.endswith(RECORD)


def test_another_currency_is_named_where_prices_are_in_dollars():
    assert "All prices here are in US dollars, not in EUR." in said("in euros")
    assert "EUR" not in said("zoned")


def test_a_language_that_is_not_spoken_is_apologized_for():
    told = "Sorry, I answer in English, Spanish, German, French, Portuguese and Chinese only."
    assert said("worth", apology="it") == f"0.3 BTC is worth $20,979.08 (Bitstamp, 12:03 UTC). {told}"
    assert without_tools(Question((Ask(Intent.THANKS),), apology="it")).endswith(told)


@pytest.mark.parametrize(
    ("language", "sorry"),
    [
        (Language.SPANISH, "Perdón, de momento solo en inglés: "),
        (Language.GERMAN, "Entschuldigung, bisher nur auf Englisch: "),
        (Language.FRENCH, "Désolé, en anglais seulement pour l’instant : "),
        (Language.PORTUGUESE, "Desculpe, por enquanto só em inglês: "),
        (Language.CHINESE, "抱歉，暂时只有英文： "),
    ],
)
def test_an_explanation_is_told_as_it_is_with_an_apology_where_it_is_in_another_language(language, sorry):
    question = Question((CASES["explained"][0],), language)
    assert from_results(question, [focused.explained()], []) == "CRPS 25.7."
    assert plain(from_results(question, [focused.explained(apology=True)], [])) == f"{sorry}CRPS 25.7."


def test_a_day_that_there_is_not_is_called_that():
    assert (
        without_tools(Question((Ask(Intent.OTHER, assumed="impossible"),)))
        == "There is no such day or time: please name another."
    )


@pytest.mark.parametrize(
    ("zone", "named", "told"),
    [
        ("UTC", None, "At 22:00 UTC (in 10 hours) "),
        ("UTC", "America/New_York", "At 18:00 New York time (22:00 UTC, in 10 hours) "),
        ("Europe/Berlin", None, "At 23:00 CET (in 10 hours) "),
        ("Europe/Berlin", "Europe/Paris", "At 23:00 Paris time (in 10 hours) "),
        ("Europe/Berlin", "America/New_York", "At 18:00 New York time (23:00 CET, in 10 hours) "),
        ("Asia/Singapore", None, "At 06:00 Singapore time on 20 March (in 10 hours) "),
        ("America/New_York", "Asia/Tokyo", "At 07:00 Tokyo time on 20 March (18:00 EDT, in 10 hours) "),
        ("Mars/Phobos", None, "At 22:00 UTC (in 10 hours) "),
        ("Etc/GMT-8", None, "At 22:00 UTC (in 10 hours) "),
    ],
)
def test_a_time_is_told_where_the_visitor_is_and_where_the_question_looked(zone, named, told):
    ask = replace(CASES["zoned"][0], zone=named)
    assert from_results(Question((ask,), zone=zone), [CASES["zoned"][1]], []).startswith(told)


def test_a_spring_forward_night_is_told_in_the_clocks_of_each_side():
    start, end = utc(1_774_742_400 - 3600), utc(1_774_742_400 + 7200)  # 2026-03-29 00:00 UTC: clocks jump at 01:00
    told = focused.span(start=start, end=int(end.timestamp()), high_time=start, low_time=end)
    late = told.model_copy(update={"span": told.span.model_copy(update={"as_of": utc(1_774_742_400 + 36_000)})})
    text = from_results(Question((Ask(Intent.CANDLES, start=start, end=end),), zone="Europe/Berlin"), [late], [])
    assert text.startswith("From 00:00 CET to 04:00 CEST Bitcoin")


def test_a_whole_day_is_told_as_that_day_in_its_zone():
    start, end = utc(NOON - 37 * 3600), utc(NOON - 13 * 3600)  # 18 March in Berlin
    ask, answer = Ask(Intent.CANDLES, start=start, end=end), focused.span(start=start, end=NOON - 13 * 3600)
    berlin = from_results(Question((ask,), zone="Europe/Berlin"), [answer], [])
    assert berlin.startswith("On 18 March (CET) Bitcoin went up")
    named = from_results(Question((replace(ask, zone="Europe/Paris"),)), [answer], [])
    assert named.startswith("On 18 March (Paris time) Bitcoin went up")
    assert from_results(Question((ask,)), [answer], []).startswith(
        "From 23:00 UTC on 17 March to 23:00 UTC on 18 March"
    )


def test_the_price_of_a_past_moment_is_told_in_the_named_zone():
    ask = replace(CASES["past"][0], zone="Asia/Tokyo")
    text = plain(from_results(Question((ask,), zone="Europe/Berlin"), [CASES["past"][1]], []))
    assert text == "At 00:00 Tokyo time (16:00 CET on 18 March) Bitcoin was at $69,512.40 (Bitstamp)."
    assert utc(NOON).hour == 12
