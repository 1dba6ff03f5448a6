"""Answers about prices to pass, times of day, several things at once, live records and unusual moves."""

import pytest

from assistant.replies.answers import from_results, without_tools
from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ForecastWarning
from tests.support.conversations import said
from tests.support.conversations.said import data
from tests.support.fakes import NOON, FakeBackend, surprise


def asked(intent, **changes):
    return Question((Ask(intent, **changes),))


def plain(text):
    return text.replace("\u00a0", " ").replace("\u2212", "-")


async def test_a_time_of_day_is_told_to_the_minute():
    target = utc(NOON + 45 * 60)
    until = await data("forecast", symbol="BTC-USD", until="2026-03-19T12:45Z")
    text = plain(from_results(asked(Intent.FORECAST, hours=1, target=target), [until], []))
    assert text.startswith("At 12:45 UTC (in 45 minutes) the model expects Bitcoin between $69,667 and")
    assert "on the hour" not in text and "close at" not in text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.ENGLISH, "At 13:10 UTC (in 30 minutes) | Bitcoin is at $69,970.25 (Bitstamp, 12:42 UTC)."),
        (Language.SPANISH, "A las 13:10 UTC (en 30 minutos) | Bitcoin está en 69.970,25 $ (Bitstamp, 12:42 UTC)."),
        (Language.GERMAN, "Um 13:10 UTC (in 30 Minuten) | Bitcoin steht bei 69.970,25 $ (Bitstamp, 12:42 UTC)."),
        (Language.FRENCH, "À 13:10 UTC (dans 30 minutes), | Le Bitcoin est à 69\u202f970,25 $ (Bitstamp, 12:42 UTC)."),
        (Language.PORTUGUESE, "Às 13:10 UTC (em 30 minutos), | O Bitcoin está em US$ 69.970,25 (Bitstamp, 12:42 UTC)."),
        (Language.CHINESE, "UTC 13:10（30分钟后），|比特币现价69,970.25美元（Bitstamp，UTC 12:42）。"),
    ],
)
async def test_a_forecast_starts_at_the_newest_price(language, told):
    given = await data("forecast", FakeBackend(longest=24, minute=40), symbol="BTC-USD", minutes=30)
    question = Question((Ask(Intent.FORECAST, hours=1, minutes=30),), language)
    text, (first, second) = plain(from_results(question, [given], [])), told.split("|")
    assert text.startswith(first) and second in text


async def test_one_hour_is_counted_in_minutes_and_more_in_hours():
    for hours, told in ((1, "At 13:40 UTC (in 60 minutes) "), (2, "At 14:40 UTC (in 2 hours) ")):
        given = await data("forecast", FakeBackend(longest=24, minute=40), symbol="BTC-USD", hours=hours)
        assert told in from_results(asked(Intent.FORECAST, hours=hours), [given], [])


@pytest.mark.parametrize(
    ("language", "start", "caution"),
    [
        (
            Language.ENGLISH,
            "Bitcoin closed at $69,930.25 (Bitstamp, 12:00 UTC). ",
            "the minutes since the last one are not in this.",
        ),
        (
            Language.SPANISH,
            "Bitcoin cerró a 69.930,25 $ (Bitstamp, 12:00 UTC). ",
            "faltan los minutos desde la última.",
        ),
        (
            Language.GERMAN,
            "Bitcoin schloss bei 69.930,25 $ (Bitstamp, 12:00 UTC). ",
            "die Minuten seit der letzten fehlen hier.",
        ),
        (
            Language.FRENCH,
            "Le Bitcoin a clôturé à 69\u202f930,25 $ (Bitstamp, 12:00 UTC). ",
            "les minutes depuis la dernière manquent ici.",
        ),
        (
            Language.PORTUGUESE,
            "O Bitcoin fechou a US$ 69.930,25 (Bitstamp, 12:00 UTC). ",
            "faltam os minutos desde a última.",
        ),
        (Language.CHINESE, "比特币收于69,930.25美元（Bitstamp，UTC 12:00）。", "不含最近一个整点之后的几分钟。"),
    ],
)
async def test_a_forecast_made_from_hours_alone_says_that_the_newest_minutes_are_not_in_it(language, start, caution):
    given = await said.forecast(warnings=(ForecastWarning.HOURLY,))
    text = plain(from_results(Question((Ask(Intent.FORECAST),), language), [given], []))
    assert start in text and caution in text


async def test_a_price_and_a_forecast_of_later_candles_name_the_newest_of_them():
    backend = FakeBackend(longest=24, minute=40)
    price, given = await data("get_price", symbol="BTC-USD"), await data("forecast", backend, symbol="BTC-USD", hours=1)
    text = from_results(Question((Ask(Intent.PRICE), Ask(Intent.FORECAST))), [price, given], [])
    assert text.count("Bitstamp") == 1 and text.endswith(" Source: Bitstamp, 12:42 UTC.")


async def test_several_horizons_are_told_in_brief_with_what_they_share_once():
    near, far = await said.forecast(), await said.forecast((0.012, 0.01, 0.02), 0.81, hours=6)
    asks = (Ask(Intent.FORECAST), Ask(Intent.FORECAST, hours=6))
    text = plain(from_results(Question(asks), [near, far], []))
    assert text.startswith(
        "Bitcoin at 13:00 UTC (in 60 minutes): $69,622 to $70,294 (80 % range), middle $69,958, chance of going up "
        "51 %. Bitcoin at 18:00 UTC (in 6 hours): "
    )
    assert 'Beside "no change" on unseen hours: 1 hour 0.5 % better, 6 hours 1.2 % better.' in text
    assert "The 80 % ranges held 80 % and 81 % of the time." in text
    assert text.count("Bitstamp") == text.count("coin flip") == 1


async def test_parts_are_answered_in_the_order_of_the_question():
    price, given = await data("get_price", symbol="BTC-USD"), await said.forecast()
    asks = (Ask(Intent.FORECAST), Ask(Intent.PRICE))
    text = from_results(Question(asks), [price, given], [])
    assert text.index("80 % range") < text.index(" is at") < text.index("Source: ")


async def test_the_same_result_is_told_once():
    given = await said.forecast()
    assert from_results(asked(Intent.FORECAST), [given, given], []) == from_results(asked(Intent.FORECAST), [given], [])


async def test_candles_of_different_times_say_which_coin_is_whose():
    price = await data("get_price", symbol="BTC-USD")
    old = utc(NOON - HOUR)
    older = price.model_copy(update={"symbol": "ETH-USD", "as_of": old, "time": old, "source": "kraken"})
    text = from_results(asked(Intent.PRICE, symbols=said.BOTH), [price, older], [])
    assert "Bitcoin: Bitstamp, 12:03 UTC." in text
    assert "Ethereum: Kraken, 11:00 UTC." in text


async def test_the_live_record_is_told_with_its_misses_and_how_little_it_says():
    backend = said.settled(*(70_080.0 + hour for hour in range(18)), 76_000.0, 66_000.0)
    text = plain(from_results(asked(Intent.TRACK_RECORD), [await data("track_record", backend, symbol="BTC-USD")], []))
    assert (
        "Of the newest 20 live forecasts of Bitcoin for the next hour, 18 closes fell inside the 80 % range (90 %)"
        in text
    )
    assert "but so few forecasts are too few to say" in text
    assert (
        "The newest miss: forecast $70,070.04, close $66,000.00 at 08:00 UTC on 20 March 2026, so 6.17 % too high."
        in text
    )


async def test_without_a_live_outcome_the_record_of_the_past_is_offered():
    text = from_results(asked(Intent.TRACK_RECORD), [await data("track_record", said.settled(), symbol="BTC-USD")], [])
    assert text.startswith("No live forecast of Bitcoin has an outcome yet. The newest are still waiting")
    assert '"Is the model any good?"' in text


async def test_the_rarest_of_several_surprises_is_told_with_how_many_come_by_chance():
    report = await said.anomalies(surprise(), surprise(9, 3.1, 200.0), hours=48)
    text = plain(from_results(asked(Intent.ANOMALIES, hours=48), [report], []))
    assert text.startswith(
        "Over the last 48 hours 2 moves of Bitcoin stood out, the rarest a rise of 3.10 % in the hour up to 03:00 UTC, "
        "which happens about once in 7 months (Bitstamp, 12:00 UTC)."
    )
    assert "By chance alone, about 0.2 such moves are expected" in text


async def test_quiet_hours_are_called_that_with_the_newest():
    text = plain(from_results(asked(Intent.ANOMALIES, hours=24), [await said.anomalies()], []))
    assert text.startswith(
        "Over the last 24 hours nothing unusual happened to Bitcoin (Bitstamp, 12:00 UTC). The newest move was"
    )
    assert "a rise of 0.10 % in the hour up to 12:00 UTC, which happens several times a day." in text


async def test_fewer_hours_than_asked_for_are_owned_up_to():
    text = from_results(asked(Intent.CANDLES, hours=8760), [await data("get_candles", symbol="BTC-USD", hours=300)], [])
    assert "That is as far back as I can look." in text


async def test_the_record_of_the_other_coin_comes_from_its_own_row():
    text = plain(from_results(asked(Intent.METRICS, symbols=("ETH-USD",)), [await said.with_table()], []))
    assert text.startswith(
        'This is the record of Ethereum. Over 8,700 unseen hours the model beat "no change" by 0.3 %'
    )
    assert "$11.87, against $11.91" in text


async def test_why_and_how_give_the_record_but_no_reasons():
    whole = await data("explain", topic="record")
    for intent, words in ((Intent.WHY, "gives no reasons"), (Intent.METHOD, "an LSTM")):
        text = plain(from_results(asked(intent), [whole], []))
        assert words in text and "21,765 unseen hours" in text
        assert len(text.split()) <= 90


async def test_the_data_are_told_with_where_they_come_from_now():
    text = from_results(asked(Intent.DATA), [await data("get_price", symbol="BTC-USD")], [])
    assert text.startswith("The candles come from public exchanges") and "Bitstamp" in text


def test_a_question_that_is_unclear_is_answered_with_two_readings():
    nearest = (Ask(Intent.PRICE), Ask(Intent.CANDLES))
    text = without_tools(Question((Ask(Intent.OTHER),), nearest=nearest))
    assert text.endswith("Did you mean the price of Bitcoin or what Bitcoin did over the last hours?")


async def test_what_is_missing_is_named_in_the_language_of_the_question():
    question = Question((Ask(Intent.PRICE, said.BOTH),), Language.GERMAN)
    text = from_results(question, [await data("get_price", symbol="BTC-USD")], [said.OUTAGE])
    assert text.startswith(
        "Dies war nicht zu bekommen: der Kurs von Ethereum. Der Grund auf Englisch: No exchange gave"
    )
    assert "Try again" not in text and "Bitcoin steht bei 69.930,25" in text
