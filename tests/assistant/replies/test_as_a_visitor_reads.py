"""What stood out where answers were read as a visitor reads them, kind by kind, in six languages."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.grounding.grounding import Grounding
from assistant.replies.answers import from_results
from assistant.replies.failures import Failure
from assistant.replies.speech import Speech
from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ForecastWarning
from tests.support.conversations import focused, said
from tests.support.fakes import NOON

CASES = {name: (ask, result) for name, ask, result in focused.focused()}
every_language = pytest.mark.parametrize("language", list(Language))
TOUCHED = {
    "en": "The chance that Bitcoin touches $71,000 by 22:00 UTC (in 10 hours) is 55 %; that it closes above it "
    "then, 30 %.",
    "de": "Die Chance, dass Bitcoin bis 22:00 UTC (in 10 Stunden) 71.000 $ berührt, liegt bei 55 %; dass der Kurs dann "
    "darüber schließt, bei 30 %.",
    "es": "Probabilidad de que Bitcoin toque 71.000 $ antes de las 22:00 UTC (en 10 horas): 55 %; de que cierre "
    "entonces por encima: 30 %.",
    "fr": "Probabilité que le Bitcoin touche 71 000 $ d’ici 22:00 UTC (dans 10 heures) : 55 % ; qu’il clôture alors "
    "au-dessus : 30 %.",
    "pt": "A chance de o Bitcoin tocar US$ 71.000 até as 22:00 UTC (em 10 horas) é de 55%; a de fechar então acima, "
    "de 30%.",
    "zh": "比特币在UTC 22:00（10小时后）之前触及71,000美元的概率55%；届时收盘高于该价格的概率30%。",
}
SATOSHIS = {
    "en": "$20 is worth 0.000286 BTC, or 28,600 satoshis (",
    "de": "Der Wert von 20 $ ist 0,000286 BTC oder 28.600 Satoshi (",
    "es": "El valor de 20 $ es de 0,000286 BTC, o 28.600 satoshis (",
    "fr": "La valeur de 20 $ est de 0,000286 BTC, soit 28 600 satoshis (",
    "pt": "O valor de US$ 20 é de 0,000286 BTC, ou 28.600 satoshis (",
    "zh": "20美元相当于0.000286 BTC，即28,600聪（",
}
EVEN = {
    "en": "Over the last 24 hours there is no difference in volatility to tell: Bitcoin 0.36 %, Ethereum 0.36 %",
    "de": "In den letzten 24 Stunden ist bei der Volatilität kein Unterschied zu erkennen: Bitcoin 0,36 %, "
    "Ethereum 0,36 % je Stunde (",
    "es": "En las últimas 24 horas no hay diferencia apreciable de volatilidad: Bitcoin 0,36 %, Ethereum 0,36 %",
    "fr": "Au cours des 24 dernières heures, aucune différence de volatilité visible : le Bitcoin 0,36 %, "
    "l’Ethereum 0,36 % par heure (",
    "pt": "Nas últimas 24 horas não há diferença visível de volatilidade: o Bitcoin 0,36%, o Ethereum 0,36% por hora (",
    "zh": "过去24小时波动看不出差别：每小时比特币0.36%、以太坊0.36%（",
}
EARLIEST = {
    "en": "Candles of Bitcoin reach back to 12:00 UTC on 19 March 2026 only: please ask about a later time.",
    "de": "Die Kerzen von Bitcoin reichen nur bis 12:00 UTC am 19. März 2026 zurück: Bitte fragen Sie nach einer "
    "späteren Zeit.",
    "es": "Las velas de Bitcoin solo llegan hasta las 12:00 UTC del 19 de marzo de 2026: pregunta por un momento "
    "posterior.",
    "fr": "Les bougies du Bitcoin ne remontent qu’à 12:00 UTC le 19 mars 2026 : demandez un moment plus récent.",
    "pt": "Os candles do Bitcoin só vão até as 12:00 UTC de 19 de março de 2026: pergunte por um momento mais recente.",
    "zh": "比特币的K线最早只到UTC 2026年3月19日 12:00，请问更晚的时间。",
}


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


def told(language, ask, *results, failures=(), zone="UTC"):
    question = Question((ask,), language, zone=zone)
    text = from_results(question, results, failures)
    grounding = Grounding([], question)
    for result in results:
        grounding.learn("", result)
    checked = [*grounding.check(text), *grounding.end()]
    assert failures or not [each for each in checked if each.objection]
    return plain(text)


@every_language
def test_a_touch_that_was_asked_about_comes_before_the_close(language):
    assert told(language, *CASES["touch"]).startswith(TOUCHED[language])


@pytest.mark.parametrize(
    ("language", "below", "above"),
    [
        ("en", "stays below $71,000 until 22:00 UTC (in 10 hours) is 45 %", "stays above $60,000 until"),
        ("de", "unter 71.000 $ bleibt, liegt bei 45 %", "über 60.000 $ bleibt"),
        ("es", "siga por debajo de 71.000 $", "siga por encima de 60.000 $"),
        ("fr", "reste en dessous de 71 000 $", "reste au-dessus de 60 000 $"),
        ("pt", "se manter abaixo de US$ 71.000", "se manter acima de US$ 60.000"),
        ("zh", "一直低于71,000美元的概率45%", "一直高于60,000美元"),
    ],
)
def test_a_price_that_is_to_hold_all_the_way_is_told_as_never_touched(language, below, above):
    speech = Speech(Language(language))
    assert below in told(Language(language), *CASES["stays below"])
    held = told(Language(language), *CASES["stays above"])
    assert above in held and plain(speech.say("numbers.over", percent=speech.percent(94, 0))) in held


@every_language
def test_where_a_price_is_to_stay_between_two_the_answer_says_that_it_speaks_of_the_close(language):
    remark = plain(Speech(Language(language)).say("chances.all_the_way"))
    assert remark in told(Language(language), *CASES["between all the way"])
    assert remark not in told(Language(language), *CASES["between"])


@pytest.mark.parametrize(
    ("language", "way", "first"),
    [
        (
            "en",
            "down",
            "The chance that Bitcoin touches $68,532 (2 % lower) by 22:00 UTC (in 10 hours) is 25 %; that it ",
        ),
        (
            "de",
            "up",
            "Die Chance, dass Bitcoin bis 22:00 UTC (in 10 Stunden) 71.329 $ (2 % höher) berührt, liegt bei 25 %; ",
        ),
        (
            "es",
            "down",
            "Probabilidad de que Bitcoin toque 68.532 $ (2 % más bajo) antes de las 22:00 UTC (en 10 horas): ",
        ),
        (
            "fr",
            "up",
            "Probabilité que le Bitcoin touche 71 329 $ (2 % plus haut) d’ici 22:00 UTC (dans 10 heures) : 25 %",
        ),
        (
            "pt",
            "down",
            "A chance de o Bitcoin tocar US$ 68.532 (2% abaixo) até as 22:00 UTC (em 10 horas) é de 25%; a de",
        ),
        (
            "zh",
            "up",
            "比特币在UTC 22:00（10小时后）之前触及71,329美元（上涨2%）的概率25%；届时收盘高于该价格的概率12%。",
        ),
    ],
)
def test_a_move_at_any_time_on_the_way_is_told_as_the_touch_of_its_price(language, way, first):
    ask, answer = CASES[f"move {way}"]
    odds = answer.odds.model_copy(update={"touch": 0.25, "touch_known": True})
    text = told(Language(language), ask, answer.model_copy(update={"odds": odds, "touch": True}))
    assert text.startswith(first) and "12" in text


@every_language
def test_a_touch_beyond_what_is_known_is_told_as_what_it_is_at_most(language):
    odds = focused.odds(above=0.025, below=0.975, touch=0.0525, touch_at_most=True, touch_known=True, censored=True)
    answer = focused.forecast(odds, threshold=90_000.0, touch=True)
    chances = [Speech(language).say("numbers.under", percent=Speech(language).percent(each, 0)) for each in (6, 3)]
    text = told(language, CASES["touch"][0], answer)
    assert all(plain(each) in text for each in chances)


@every_language
@pytest.mark.parametrize("cause", ["no_prices", "no_record", "later", "unread"])
def test_what_could_not_be_had_is_said_in_the_language_of_the_question_and_without_what_operators_need(language, cause):
    failure = Failure("No exchange gave candles (kraken timed out). Check the connection.", cause=cause)
    text = told(language, Ask(Intent.PRICE), failures=[failure])
    assert text.endswith(plain(Speech(language).say(f"failures.{cause}")))
    assert "kraken" not in text and "exchange gave" not in text


@every_language
def test_how_far_candles_reach_back_is_told_as_a_time(language):
    failure = Failure("Candles reach back to 2026-03-19T12:00Z.", symbol="BTC-USD", earliest=utc(NOON))
    assert told(language, Ask(Intent.CANDLES), failures=[failure]) == EARLIEST[language]


@every_language
def test_small_parts_of_a_bitcoin_are_told_in_satoshis_too(language):
    ask, answer = CASES["buys"]
    small = answer.model_copy(update={"satoshis": 28_600})
    assert told(language, ask, small).startswith(SATOSHIS[language])


@every_language
def test_how_far_ahead_a_time_is_counts_from_now_where_candles_are_old(language):
    answer = focused.forecast()
    old = {"warnings": (ForecastWarning.STALE_CANDLES,), "age_seconds": 75 * 60}
    stale = answer.model_copy(update={"forecast": answer.forecast.model_copy(update=old)})
    assert plain(Speech(language).within(525)) in told(language, CASES["touch"][0], stale)


@every_language
def test_coins_that_show_the_same_figure_have_no_winner(language):
    ask, found = CASES["compare volatility"]
    rows = tuple(each.model_copy(update={"volatility_pct": 0.36}) for each in found.rows)
    assert told(language, ask, found.model_copy(update={"rows": rows})).startswith(EVEN[language])


@every_language
def test_the_extremes_of_a_day_do_not_repeat_its_date(language):
    ask, found = CASES["span above"]
    day = found.model_copy(update={"start": utc(NOON - 36 * HOUR), "end": utc(NOON - 12 * HOUR)})
    day = day.model_copy(update={"high_time": utc(NOON - 20 * HOUR), "low_time": utc(NOON - 30 * HOUR)})
    text = told(language, replace(ask, start=day.start, end=day.end), day)
    assert "16:00" in text and "06:00" in text and len(re.findall(r"(?<![.,])\b18\b|18日", text)) == 1


def test_a_path_ends_at_the_time_that_was_asked_about():
    answer = focused.forecast(hours=3, path=True)
    last = answer.forecast.horizons[-1].model_copy(
        update={"hours": None, "minutes": 200, "target_time": utc(NOON) + timedelta(minutes=200)}
    )
    forecast = answer.forecast.model_copy(update={"horizons": (*answer.forecast.horizons, last)})
    text = told(Language.ENGLISH, Ask(Intent.FORECAST, path=True), answer.model_copy(update={"forecast": forecast}))
    assert text.count("\n- ") == 4 and "\n- 15:20 UTC: " in text


@every_language
async def test_the_volatility_of_the_last_hours_is_told_where_it_was_asked_for(language):
    found = await said.data("get_candles", symbol="BTC-USD", hours=72)
    text = told(language, Ask(Intent.CANDLES, compare_by="volatility"), found)
    speech = Speech(language)
    assert text.casefold().startswith(plain(speech.say("time.last_days", days="3")).casefold())
    assert plain(speech.percent(found.volatility_pct, 2)) in re.split(r"(?<=[.。])\s?(?=[A-Z过])", text)[0]


@pytest.mark.parametrize(
    ("zone", "language", "name"),
    [
        ("Asia/Shanghai", "en", "20:00 Shanghai time"),
        ("Asia/Shanghai", "zh", "北京时间 20:00"),
        ("Asia/Kolkata", "en", "17:30 IST"),
        ("Asia/Jerusalem", "en", "14:00 Jerusalem time"),
        ("Asia/Saigon", "en", "19:00 Ho Chi Minh time"),
        ("Asia/Manila", "de", "20:00 Ortszeit Manila"),
        ("America/Chicago", "en", "07:00 CDT"),
        ("Asia/Tokyo", "en", "21:00 JST"),
    ],
)
def test_letters_that_mean_another_zone_to_most_give_way_to_the_city(zone, language, name):
    assert Speech(Language(language), zone=zone).near(utc(NOON), utc(NOON)) == name


def test_winter_in_chicago_keeps_the_letters_that_are_its_own():
    winter = utc(NOON) + timedelta(days=280)
    assert Speech(Language.ENGLISH, zone="America/Chicago").near(winter, winter).endswith("CST")
