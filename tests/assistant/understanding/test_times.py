from datetime import UTC, datetime

import pytest

from assistant.understanding.frame import Language
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.slots.grammar import read_slots
from assistant.understanding.slots.times import clocks_marked, hour_close, moment
from tests.support.conversations.cases import NOW

READER = IntentClassifier.load().reader


def at(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("english", "time"),
    [
        ("at 5pm", at(19, 17)),
        ("at 5", at(19, 17)),
        ("by 17:30", at(19, 17, 30)),
        ("at 17:00 utc", at(19, 17)),
        ("at 9 am", at(20, 9)),
        ("at 9 tomorrow morning", at(20, 9)),
        ("tomorrow morning", at(20, 9)),
        ("at 9 tonight", at(19, 21)),
        ("tonight", at(20, 0)),
        ("by midnight", at(20, 0)),
        ("end of day", at(20, 0)),
        ("tomorrow at noon", at(20, 12)),
        ("at 8 am", at(20, 8)),
        ("by friday", at(21, 0)),
        ("on 25 march", at(26, 0)),
        ("on march 25th at 15:00", at(25, 15)),
        ("since 9am", at(19, 9)),
        ("since midnight", at(19, 0)),
        ("since monday", at(16, 0)),
    ],
)
def test_a_time_of_day_or_date_is_the_next_or_the_past_one(english, time):
    found = moment(english, NOW)
    assert found is not None and found[0] == time


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "where will btc close this hour"),
        ("en", "the close of this hour"),
        ("en", "this hour's close"),
        ("en", "the next hourly close"),
        ("en", "at the top of the hour"),
        ("en", "when this hour ends"),
        ("en", "close above 70k this hour"),
        ("de", "Schlusskurs dieser Stunde"),
        ("de", "zur vollen Stunde"),
        ("de", "wo schließt Bitcoin diese Stunde"),
        ("fr", "la clôture de cette heure"),
        ("fr", "à la fin de l'heure"),
        ("es", "el cierre de esta hora"),
        ("es", "dónde cerrará bitcoin esta hora"),
        ("pt", "o fechamento desta hora"),
        ("pt", "no fim da hora"),
        ("zh", "本小时收盘"),
        ("zh", "下一个整点"),
    ],
)
def test_the_close_of_this_hour_is_the_end_of_the_hour_of_the_clock(language, text):
    now = NOW.replace(minute=40, second=12)
    slots = read_slots(READER.english(text, Language(language)), Language(language), now)
    assert (slots.target, slots.hours, slots.minutes, slots.direction) == (at(19, 13), 1, None, "future")


@pytest.mark.parametrize("english", ["the last hour's close", "the previous hourly close", "next hour", "this hour"])
def test_other_hours_are_no_hour_of_the_clock(english):
    assert hour_close(english, NOW) is None


@pytest.mark.parametrize("english", ["in 5 hours", "at 70000", "at $5", "by 5 %", "at all", "coin at 3 days", "", "5"])
def test_other_numbers_are_no_times(english):
    assert moment(english, NOW) is None


def test_the_french_and_portuguese_hour_is_a_time_after_a_and_a_span_after_in():
    assert clocks_marked("at a 17h", Language.FRENCH) == "at at 17:00"
    assert clocks_marked("in 17h", Language.FRENCH) == "in 17h"
    assert clocks_marked("a 17h forecast", Language.ENGLISH) == "a 17h forecast"
    assert clocks_marked("at 17h30", Language.ENGLISH) == "at 17:30"


@pytest.mark.parametrize(
    ("text", "minute", "hours"),
    [
        ("btc at 5pm", 0, 5),
        ("btc at 5pm", 20, 5),
        ("btc at 17:30", 20, 6),
        ("btc at 12:30", 20, 1),
        ("btc by 2030", 0, None),
    ],
)
def test_hours_to_a_time_are_counted_from_now_and_rounded_up(text, minute, hours):
    slots = read_slots(READER.english(text, Language.ENGLISH), Language.ENGLISH, NOW.replace(minute=minute), text)
    assert slots.hours == hours if hours else slots.hours > 24
    assert slots.target is not None and slots.direction == "future"


@pytest.mark.parametrize(
    "text",
    [
        "btc at 9pm german time", "btc um 21 uhr deutscher zeit", "btc à 21h heure allemande",
        "btc a las 21h hora alemana", "btc alle 21 ora tedesca", "btc at 9pm central european time",
    ],
)  # fmt: skip
def test_the_adjective_of_a_country_names_its_clock(calls, text):
    assert calls(text) == [("forecast", {"symbol": "BTC-USD"} | {"until": "2026-11-29T20:00Z"})]


@pytest.mark.parametrize(
    "text", ["на сколько вырос биткоин за неделю", "btc week chart", "cena bitcoina przez tydzień"]
)
def test_a_week_without_an_article_is_a_week(calls, text):
    assert calls(text) == [("get_candles", {"symbol": "BTC-USD"} | {"hours": 168})]


@pytest.mark.parametrize(
    "text", ["сегодня биткоин вырастет?", "o btc ainda sobe hoje?", "Geht der Bitcoin heute noch hoch?"]
)
def test_a_verb_of_the_future_makes_today_what_is_left_of_it(calls, text):
    assert calls(text) == [("forecast", {"symbol": "BTC-USD"} | {"until": "2026-11-30T00:00Z"})]


def test_a_span_that_is_counted_says_when_whatever_meal_is_spoken_of(calls):
    assert calls("i'm out for dinner, back in 3 hours, where will btc be") == [
        ("forecast", {"symbol": "BTC-USD"} | {"hours": 3})
    ]
    assert calls("where will btc be by dinner") == [
        ("forecast", {"symbol": "BTC-USD"} | {"until": "2026-11-29T19:00Z"})
    ]
